import { signal } from '@preact/signals'
import { GatewayError } from '../gateway-client.ts'
import { fields, words } from '../wire.ts'
import { readIssues, type Issue, type Tree } from './config-form.ts'

/** The configuration as the gateway tells it. */
export interface ConfigFile {
  path: string
  exists: boolean
  /** Secrets stand in it as marks. Undefined: it is broken, so nobody knows what in it is secret. */
  raw: string | undefined
  /** What is written. */
  parsed: Tree
  /** What holds, defaults included. */
  effective: Tree
  hash: string | undefined
  issues: Issue[]
  warnings: Issue[]
}

export function readConfigFile(payload: unknown): ConfigFile {
  const raw = fields(payload)
  return {
    path: words(raw['path']) ?? '', exists: raw['exists'] === true, raw: typeof raw['raw'] === 'string' ? raw['raw'] : undefined,
    parsed: fields(raw['parsed']), effective: fields(raw['config']), hash: words(raw['hash']), issues: readIssues(raw['issues']), warnings: readIssues(raw['warnings']),
  }
}

/** What was saved last from this page, so that it can be undone while the file is still as that save left it. */
export const lastSave = signal<{ at: number; before: string; hash: string | undefined } | undefined>(undefined)

/** What the gateway found wrong with a text; undefined: it is about something else. */
export function issuesOf(error: unknown): Issue[] | undefined {
  return error instanceof GatewayError && error.details['problem'] === 'config-invalid' ? readIssues(error.details['issues']) : undefined
}

/** Somebody else wrote the file since it was read. */
export function isMoved(error: unknown): boolean {
  return error instanceof GatewayError && error.details['problem'] === 'config-changed'
}
