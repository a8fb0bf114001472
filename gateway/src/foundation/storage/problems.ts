/** Failure codes of this room, each with what it means. */
export const storageProblems = {
  'store-newer': 'The database was written by a newer version of the gateway.',
  'store-migration-failed': 'A migration failed on the trial copy; the database was left as it was.',
  'store-damaged': 'The database file is no database, or not whole. It was left as it is.',
  'store-closed': 'The store was closed.',
  'store-not-durable': 'The disk did not take what was written. What was told before is safe; nothing more is accepted until the gateway is started again.',
  'store-locked': 'Another gateway uses this state directory.',
  'store-slow-work': 'A transaction waited for something other than its own statements.',
} as const
export type StorageProblemCode = keyof typeof storageProblems
