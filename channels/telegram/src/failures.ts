import { SendProblem } from '@moltbot/contract'
import { ForeignAnswer, GrammyError, HttpError } from './telegram-api.ts'

/** What a failed call to the Bot API was, as far as anyone can tell. */
export type Failure =
  /** The Bot API said no. `code` is its error code. */
  | { kind: 'answer'; code: number; description: string; retryAfterMs?: number; movedTo?: number }
  /** The request certainly never reached the Bot API. */
  | { kind: 'unreached'; reason: string }
  /** The request went out and no answer of the Bot API came back. */
  | { kind: 'unanswered'; reason: string }

/** Failures of connecting: nothing was written yet. */
const connectCodes = new Set([
  'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'ENETDOWN', 'EHOSTDOWN',
  'UND_ERR_CONNECT_TIMEOUT', 'CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'ERR_TLS_CERT_ALTNAME_INVALID', 'EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER',
])

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
  const code = connectCode(inner, 0)
  if (code !== undefined) return { kind: 'unreached', reason: `Telegram could not be reached (${code}).` }
  return { kind: 'unanswered', reason: `The connection to Telegram broke (${networkCode(inner, 0) ?? nameOf(inner)}).` }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}

/** Follows `cause` and the parts of an `AggregateError` (one for each address that was tried); all must be connect failures. */
function connectCode(error: unknown, depth: number): string | undefined {
  if (!(error instanceof Error) || depth > 5) return undefined
  if (error instanceof AggregateError && error.errors.length > 0) {
    const codes = error.errors.map((part: unknown) => connectCode(part, depth + 1))
    return codes.every((code) => code !== undefined) ? codes[0] : undefined
  }
  const { code, syscall } = error as Error & { code?: unknown; syscall?: unknown }
  if (typeof code === 'string' && (connectCodes.has(code) || syscall === 'connect' || syscall === 'getaddrinfo')) return code
  return connectCode(error.cause, depth + 1)
}

function networkCode(error: unknown, depth: number): string | undefined {
  if (!(error instanceof Error) || depth > 5) return undefined
  const { code } = error as Error & { code?: unknown }
  return typeof code === 'string' ? code : networkCode(error.cause, depth + 1)
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
