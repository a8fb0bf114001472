import { DiscordAPIError, HTTPError, RateLimitError } from '@discordjs/rest'
import { connectCode, failureCode, SendProblem } from '@moltbot/contract'

/** What a failed call to Discord was, as far as anyone can tell. */
export type Failure =
  /** Discord said no. `status` is HTTP's, `code` Discord's own (10008 unknown message), 0 where it gave none. */
  | { kind: 'answer'; status: number; code: number; description: string }
  | { kind: 'throttled'; retryAfterMs: number }
  /** The request certainly never reached Discord. */
  | { kind: 'unreached'; reason: string }
  /** The request went out and no answer of Discord came back. */
  | { kind: 'unanswered'; reason: string }

/** An answer that is not what the API promises: something between us and Discord spoke in its place. */
export class ForeignAnswer extends Error {
  constructor() {
    super('The answer did not come from Discord.')
    this.name = 'ForeignAnswer'
  }
}

export function readFailure(error: unknown): Failure {
  if (error instanceof RateLimitError) return { kind: 'throttled', retryAfterMs: Math.max(error.retryAfter, error.sublimitTimeout, 1) }
  if (error instanceof DiscordAPIError) {
    const code = Number(error.code)
    return { kind: 'answer', status: error.status, code: Number.isSafeInteger(code) ? code : 0, description: error.message.split('\n', 1)[0]?.slice(0, 200) ?? 'no reason given' }
  }
  if (error instanceof HTTPError) return { kind: 'answer', status: error.status, code: 0, description: `HTTP ${error.status}` }
  const code = connectCode(error)
  if (code !== undefined) return { kind: 'unreached', reason: `Discord could not be reached (${code}).` }
  if (error instanceof ForeignAnswer) return { kind: 'unanswered', reason: error.message }
  return { kind: 'unanswered', reason: `The connection to Discord broke (${failureCode(error) ?? (error instanceof Error ? error.name : typeof error)}).` }
}

/** The same in one sentence, for logs, status and people. */
export function describeFailure(failure: Failure): string {
  switch (failure.kind) {
    case 'answer':
      return `Discord answered: ${failure.description}.`
    case 'throttled':
      return `Discord asked to wait for ${Math.ceil(failure.retryAfterMs / 1_000)} s.`
    default:
      return failure.reason
  }
}

/** What a failed send means. A refusal is a fact: nothing was sent. A 5xx is not: the nonce makes repeating harmless. */
export function toSendProblem(error: unknown): SendProblem {
  const failure = readFailure(error)
  const words = describeFailure(failure)
  switch (failure.kind) {
    case 'throttled':
      return new SendProblem('not-sent', words, { retryAfterMs: failure.retryAfterMs, cause: error })
    case 'unreached':
      return new SendProblem('not-sent', words, { cause: error })
    case 'unanswered':
      return new SendProblem('unknown', words, { cause: error })
    case 'answer': {
      // 401: the login is at fault, not the message; it can go out once somebody repaired that.
      const later = failure.status === 401 || failure.status === 408
      return new SendProblem(later ? 'not-sent' : failure.status < 500 ? 'never' : 'unknown', words, { cause: error })
    }
  }
}
