import { Problem } from '@moltbot/contract'
import JSON5 from 'json5'
import Type from 'typebox'
import type { Static } from 'typebox'
import type { ConfigSnapshot } from '../../foundation/config/types.ts'
import type { Rooms } from '../rooms.ts'

/** How writes of the configuration answer. Every change takes effect in the running process, so nothing is restarted. */
export const ConfigWritten = Type.Object({
  ok: Type.Literal(true),
  path: Type.String(),
  config: Type.Record(Type.String(), Type.Unknown()),
  hash: Type.Optional(Type.String()),
  restart: Type.Object({ ok: Type.Literal(true), mode: Type.Literal('hot'), delayMs: Type.Integer(), reason: Type.String() }),
  sentinel: Type.Null(),
})
export type ConfigWritten = Static<typeof ConfigWritten>

function configWritten(snapshot: ConfigSnapshot): ConfigWritten {
  return {
    ok: true, path: snapshot.path, config: snapshot.effective, ...(snapshot.hash === undefined ? {} : { hash: snapshot.hash }),
    restart: { ok: true, mode: 'hot', delayMs: 0, reason: 'Changes take effect in the running gateway.' }, sentinel: null,
  }
}

/** Refuses a write that does not say what it was based on: someone else's change would be lost. */
export function requireBaseHash(rooms: Pick<Rooms, 'config'>, baseHash: string | undefined): void {
  const snapshot = rooms.config.snapshot()
  if (!snapshot.exists) return
  if (snapshot.hash === undefined) throw new Problem('config-hash', 'config base hash unavailable; re-run config.get and retry')
  if (baseHash === undefined || baseHash === '') throw new Problem('config-hash', 'config base hash required; re-run config.get and retry')
}

/** Whether a key decides who may come in or what tools may do; such keys are written by whoever signed in lately. */
export function touchesSafety(path: string): boolean {
  return /^(?:gateway|commands|people|policy|tools|sandbox|approvals|security|plugins|secrets|vault|channels|agents\.(?:defaults|list)\b.*\b(?:sandbox|tools))(?:\.|\[|$)/.test(path.trim())
}

/** Runs a write and gives its failures the words clients compare. */
export async function writeConfig(write: () => Promise<ConfigSnapshot>): Promise<ConfigWritten> {
  try {
    return configWritten(await write())
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    if (error.code === 'config-changed') throw new Problem('config-changed', 'config changed since last load; re-run config.get and retry', { cause: error })
    if (error.code === 'config-invalid') throw new Problem('config-invalid', 'invalid config', { cause: error, ...(error.details?.['issues'] === undefined ? { next: error.explain() } : {}), details: { issues: [], ...error.details } })
    throw error
  }
}

/** JSON5 text that must hold an object. Throws `Problem('config-invalid')`. */
export function readObject(raw: string): Record<string, unknown> {
  let parsed: unknown
  try {
    parsed = JSON5.parse(raw)
  } catch (cause) {
    throw invalid(cause instanceof Error ? cause.message : 'not JSON5', cause)
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw invalid('an object is needed, `{ … }`', undefined)
  return parsed as Record<string, unknown>
}

function invalid(message: string, cause: unknown): Problem {
  return new Problem('config-invalid', 'invalid config', { cause, details: { issues: [{ path: '', message }] } })
}
