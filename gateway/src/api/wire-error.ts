import { Problem, describeError } from '@moltbot/contract'

/** A failure as clients read it. */
export interface WireError { code: string; message: string; details?: unknown; retryable?: boolean; retryAfterMs?: number }

/**
 * Which problems are about the moment and not about the request: the same request may work later. Everything else a method
 * throws as a `Problem` is `INVALID_REQUEST`; what is no `Problem` at all is our own fault and is told without its inside.
 */
const unavailable = new Set([
  'store-closed', 'store-slow-work', 'store-locked', 'disk-busy', 'disk-failed', 'disk-full', 'door-closed', 'send-failed', 'models-list-failed', 'device-pairing-full',
])
const forbidden = new Set(['forbidden', 'device-scope-exceeds'])

/** The wire's code for a failure of a method; texts stay as the method wrote them, with what to do next behind them. */
export function wireErrorOf(error: unknown, protocol: 3 | 4): WireError {
  if (!(error instanceof Problem)) return { code: 'UNAVAILABLE', message: 'The gateway could not do this because of an error of its own; its log has the details.' }
  const message = describeError(error)
  const details = { problem: error.code, ...error.details }
  if (unavailable.has(error.code) || /-(unavailable|unreachable|closing)$/.test(error.code)) return { code: 'UNAVAILABLE', message, details, retryable: true }
  if (forbidden.has(error.code)) return { code: protocol === 4 ? 'FORBIDDEN' : 'INVALID_REQUEST', message, details }
  return { code: 'INVALID_REQUEST', message, details }
}
