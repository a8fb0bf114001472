/**
 * The record: what was done or refused, for whom and why, in the transaction of the effect itself, each entry chained to the one
 * before it under a key that the database does not hold. Append-only; it never judges, never holds message text or secrets, and
 * never lets an effect pass that it could not write down.
 */
export { createAudit } from './create-audit.ts'
export type { AuditRoom } from './create-audit.ts'
export { createRecord } from './create-record.ts'
export type { RecordKeeper } from './create-record.ts'
export { openRecord, recordedEntries } from './open-record.ts'
export { bearingStore, during } from './whence.ts'
export { auditMigrations } from './migrations.ts'
export { auditSection } from './config.ts'
export { auditNouns } from './acts.ts'
export type { Audit, AuditEntry } from './types.ts'
