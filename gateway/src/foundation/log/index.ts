/**
 * The log: what the gateway did, as JSON lines in a file of its own, for people and `logs --follow`. Every line is
 * redacted on its way in. It is not the audit (which records judgements and must not fail): it never throws, never
 * blocks on anything but the disk, and never keeps a secret it was told of or that looks like one.
 */
export { createLog } from './create-log.ts'
export type { Log, LogOptions } from './create-log.ts'
export { logSection } from './config.ts'
export type { LogValues } from './config.ts'
export { freeName, hideSecrets, markOf } from './pasted-secrets.ts'
export { maskedProblem } from './masked-problem.ts'
export { linkForTail } from './link-for-tail.ts'
