/**
 * The configuration: reads, checks, watches and edits the one file, and hands every room its own section. It knows no
 * room: sections are given to it. It never hands out a secret as a value, never writes a text that does not hold, never
 * touches a comment, and never stops the gateway for what is in the file.
 */
export { createConfig } from './create-config.ts'
export type { Config, ConfigOptions } from './create-config.ts'
export { configSections } from './sections.ts'
export { configPages, configSchema } from './reference-page.ts'
export { formatPath, parsePath, valueAt } from './config-path.ts'
export type { SecretCommandRun } from './resolve-reference.ts'
export { redactionMark } from './secret-keys.ts'
export { readPlacedList } from './read-placed-list.ts'
export type { ConfigIssue, ConfigRule, ConfigSnapshot } from './types.ts'
