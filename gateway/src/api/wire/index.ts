/**
 * The shapes of the wire: how rows, entries, runs and health look to a client of protocol 3 or 4, and the little state
 * that belongs to the wire alone (which run a client started under which name). It reads the rooms' types and writes
 * nothing: methods and events decide when something is said, this folder only how it looks.
 */
export * from './params.ts'
export * from './runs.ts'
export * from './scopes.ts'
export * from './session-key.ts'
export * from './message.ts'
export * from './history.ts'
export * from './session-row.ts'
export * from './model-rows.ts'
export * from './health.ts'
export * from './channel-rows.ts'
export * from './attachments.ts'
export * from './submit-message.ts'
export * from './stop-words.ts'
export * from './redaction.ts'
export * from './events.ts'
