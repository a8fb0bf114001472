/**
 * The allow list: which command lines run without a question, decided from the bytes of the line alone. It reads a line exactly as the
 * shell will, or says that it cannot. It never runs, looks up or asks anything itself, and it is not the wall: that is the sandbox.
 */
export { coveredBy, readEntry } from './covers.ts'
export type { AllowList } from './covers.ts'
export { parseSimple, readCommands } from './parse-simple.ts'
export type { SimpleCommand } from './parse-simple.ts'
export { isWordByWord, whyNeverSimple } from './never-simple.ts'
export { isSafeFilter, safeFilterNames } from './safe-filters.ts'
export { ruleOnCommand } from './rule-on-command.ts'
export type { CommandPolicy } from './rule-on-command.ts'
