/** Time and chance arrive from `main.ts`; nothing in the journey reads them on its own. All times are epoch milliseconds. */
export interface Clock {
  now(): number
  /** Runs `task` once, no earlier than `delayMs` from now. The returned function cancels it; cancelling twice is harmless. */
  after(delayMs: number, task: () => void): () => void
}

/** Makes identifiers: sortable by time, unguessable in their random part, unique for ever. `prefix` names the kind (`in`, `tn`). */
export type NewId = (prefix: string) => string

/** A logger of one room. `facts` is plain data; `Secret`s print as their names; redaction happens in the sink. */
export interface Logger {
  debug(message: string, facts?: Record<string, unknown>): void
  info(message: string, facts?: Record<string, unknown>): void
  warn(message: string, facts?: Record<string, unknown>): void
  error(message: string, facts?: Record<string, unknown>): void
  child(room: string): Logger
}
