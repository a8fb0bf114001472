const brand = Symbol.for('moltbot.problem')

/**
 * Every expected failure that leaves a room. `code` is stable and listed in the room's `problems.ts`; `message` is one
 * sentence a person can read; `next` says what to do about it.
 */
export class Problem extends Error {
  /** The command line and the gateway are bundles of their own, each with this class in it: a problem of one is a problem in the other. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && (this === Problem ? brand in value : Function.prototype[Symbol.hasInstance].call(this, value))
  }

  readonly [brand] = true
  readonly code: string
  /** What to do next, one sentence. Absent only where nothing can be done. */
  readonly next: string | undefined
  /** Facts for programs; plain data, never secrets. */
  readonly details: Record<string, unknown> | undefined

  constructor(code: string, message: string, options: { next?: string; cause?: unknown; details?: Record<string, unknown> } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'Problem'
    this.code = code
    this.next = options.next
    this.details = options.details
  }

  /** The sentence and, when there is one, what to do next. */
  explain(): string {
    return this.next === undefined ? this.message : `${this.message} ${this.next}`
  }
}

/** The message of anything thrown, for a log line or a person. Never includes a stack. */
export function describeError(error: unknown): string {
  if (error instanceof Problem) return error.explain()
  return error instanceof Error ? error.message : String(error)
}

/** Ends a switch over a union: a new kind fails to compile until it is handled. */
export function unreachable(value: never): never {
  throw new Error(`unhandled case: ${JSON.stringify(value)}`)
}
