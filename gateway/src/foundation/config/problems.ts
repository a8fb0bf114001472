import { Problem } from '@moltbot/contract'
import type { ConfigIssue } from './types.ts'

/** Every failure this room reports by code. */
export const configProblems = {
  invalid: (issues: ConfigIssue[]) => new Problem('config-invalid', `The configuration was not changed: ${issues.map((issue) => issue.message).slice(0, 3).join('; ') || 'it is not valid'}.`, {
    next: 'Correct what is named and try again.', details: { issues },
  }),
  changed: (reason: 'base-hash-missing' | 'base-hash-stale') => new Problem('config-changed', reason === 'base-hash-missing'
    ? 'The configuration was not changed: the hash of the text it was based on is missing.'
    : 'The configuration was not changed: the file has changed since it was read.', { next: 'Read it again and repeat the change.', details: { reason } }),
  pathInvalid: (path: string) => new Problem('config-path-invalid', `"${path}" is not a configuration path.`, {
    next: 'Write it like gateway.port, agents.list[0].name or models.providers["my.ai"].baseUrl.', details: { path },
  }),
  included: (path: string) => new Problem('config-included', `${path} comes from an included file and can't be removed here.`, { next: 'Remove it in the file that is included.', details: { path } }),
  writeRefused: (reason: string, next: string, cause?: unknown) => new Problem('config-write-refused', reason, { next, ...(cause === undefined ? {} : { cause }) }),
  secretUnresolved: (path: string, reference: string) => new Problem('secret-unresolved', `${path} refers to ${reference}, which is not set.`, {
    next: 'Set it in the environment, in secrets.env or in the vault, or put the value itself in the configuration.', details: { path, reference },
  }),
  referenceFailed: (reference: string, reason: string) => new Problem('secret-reference-failed', `The reference to ${reference} gives no value: ${reason}.`, {
    next: 'Correct the reference or its entry in secrets.providers.', details: { reference },
  }),
  secretFile: (path: string, file: string, reason: string, cause?: unknown) => new Problem('secret-file-unreadable', `${path} should be read from ${file}, but ${reason}.`, {
    next: 'Make it a readable text file of at most 64 KiB.', details: { path, file }, ...(cause === undefined ? {} : { cause }),
  }),
}
