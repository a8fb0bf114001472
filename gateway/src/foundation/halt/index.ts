/**
 * Halt: whether this gateway works, is paused, or was stopped in an emergency; kept over a restart. It decides who may set it going
 * again, and writes down what was found when it was stopped. It never starts work, never decides by itself that something is wrong,
 * and forgets nothing that waits.
 */
export { createHalt } from './create-halt.ts'
export type { Halt, HaltOptions } from './create-halt.ts'
export { factorSecrets } from './second-factor.ts'
export { haltMigration } from './ledger.ts'
export { loopSection } from './config.ts'
export { processesUnder } from './processes.ts'
export type * from './types.ts'
