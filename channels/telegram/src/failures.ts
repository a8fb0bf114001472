import { connectCode, failureCode, SendProblem } from '@moltbot/contract'
import { ForeignAnswer, GrammyError, HttpError } from './telegram-api.ts'

/** What a failed call to the Bot API was, as far as anyone can tell. */
export type Failure =
  /** The Bot API said no. `code` is its error code. */
  | { kind: 'answer'; code: number; description: string; retryAfterMs?: number; movedTo?: number }
  /** The request certainly never reached the Bot API. */
  | { kind: 'unreached'; reason: string }
  /** The request went out and no answer of the Bot API came back. */
  | { kind: 'unanswered'; reason: string }

export function readFailure(error: unknown): Failure {
  if (error instanceof GrammyError) {
    const failure: Failure = { kind: 'answer', code: error.error_code, description: error.description }
    const { retry_after: seconds, migrate_to_chat_id: movedTo } = error.parameters ?? {}
    if (typeof seconds === 'number') failure.retryAfterMs = seconds * 1_000
    if (typeof movedTo === 'number') failure.movedTo = movedTo
    return failure
  }
  const inner = error instanceof HttpError ? error.error : error
  if (inner instanceof ForeignAnswer) {
    // A 4xx of a proxy means it did not pass the request on; with a 5xx nobody knows how far it got.
    return inner.status >= 400 && inner.status < 500 ? { kind: 'unreached', reason: inner.message } : { kind: 'unanswered', reason: inner.message }
  }
  const code = connectCode(inner)
  if (code !== undefined) return { kind: 'unreached', reason: `Telegram could not be reached (${code}).` }
  return { kind: 'unanswered', reason: `The connection to Telegram broke (${failureCode(inner) ?? nameOf(inner)}).` }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}

/**
 * What a failed send means. An answer of the Bot API is a fact: nothing was sent. Two exceptions: 502 and 504 come from
 * something between us and it, and a Bot API server that restarts fails calls it had already passed on.
 */
export function toSendProblem(error: unknown): SendProblem {
  const failure = readFailure(error)
  if (failure.kind === 'unreached') return new SendProblem('not-sent', failure.reason, { cause: error })
  if (failure.kind === 'unanswered') return new SendProblem('unknown', failure.reason, { cause: error })
  const words = `Telegram refused: ${failure.description}.`
  if (failure.code === 429) return new SendProblem('not-sent', words, { retryAfterMs: failure.retryAfterMs ?? 1_000, cause: error })
  if (failure.code === 401 || failure.code === 404 || failure.code === 409) return new SendProblem('not-sent', words, { cause: error })
  if (failure.code >= 400 && failure.code < 500) return new SendProblem('never', words, { cause: error })
  const uncertain = failure.code === 502 || failure.code === 504 || /restart|closing|aborted/i.test(failure.description)
  return new SendProblem(uncertain ? 'unknown' : 'not-sent', words, { cause: error })
}
