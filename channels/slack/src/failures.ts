import { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError } from '@slack/web-api'
import { connectCode, SendProblem } from '@moltbot/contract'

/** What a failed call to Slack was, as far as anyone can tell. */
export type Failure =
  /** Slack said no; `code` is its word for why (`channel_not_found`), `needed` the scope it wants. */
  | { kind: 'answer'; code: string; needed?: string }
  | { kind: 'throttled'; retryAfterMs: number }
  /** The request certainly never reached Slack. */
  | { kind: 'unreached'; reason: string }
  /** The request went out and no answer of Slack came back. */
  | { kind: 'unanswered'; reason: string }

/** Where Slack asks to wait and does not say how long. */
const waitUnsaidMs = 30_000
/** Longer than this nobody waits: it is asked again then. */
const waitMaxMs = 15 * 60_000

/** The login itself is refused: a person has to act, and what could not be sent may go out afterwards. */
const loginCodes = new Set([
  'not_authed', 'invalid_auth', 'account_inactive', 'token_revoked', 'token_expired', 'user_removed_from_team', 'team_disabled', 'org_login_required', 'ekm_access_denied',
  'not_allowed_token_type', 'two_factor_setup_required',
])
/** Slack broke inside: whether something happened, it does not say. */
const brokenCodes = new Set(['internal_error', 'fatal_error', 'service_unavailable', 'request_timeout', 'team_added_to_org', 'server_error'])
const throttleCodes = new Set(['ratelimited', 'rate_limited'])

/** An answer that is not what the API promises: something between us and Slack spoke in its place. */
export class ForeignAnswer extends Error {
  constructor() {
    super('The answer did not come from Slack.')
    this.name = 'ForeignAnswer'
  }
}

export function readFailure(error: unknown): Failure {
  if (error instanceof WebAPIRateLimitedError) return { kind: 'throttled', retryAfterMs: Math.min(waitMaxMs, Math.max(1, error.retryAfter * 1_000)) }
  if (error instanceof WebAPIPlatformError) return readAnswer(error.data)
  if (error instanceof WebAPIHTTPError) return { kind: 'unanswered', reason: `Something in Slack’s place answered with HTTP ${error.statusCode}.` }
  if (error instanceof ForeignAnswer) return { kind: 'unanswered', reason: error.message }
  // The SDK has no type of its own for a 429 that does not say how long.
  if (error instanceof Error && error.message.startsWith('Retry header did not contain')) return { kind: 'throttled', retryAfterMs: waitUnsaidMs }
  const code = connectCode(error)
  if (code !== undefined) return { kind: 'unreached', reason: `Slack could not be reached (${code}).` }
  return { kind: 'unanswered', reason: `The connection to Slack broke (${innermostCode(error, 0) ?? (error instanceof Error ? error.name : typeof error)}).` }
}

function readAnswer(data: { error?: unknown; needed?: unknown; response_metadata?: { retryAfter?: unknown } }): Failure {
  const { error, needed } = data
  // The SDK hands on any text that was no JSON as if it were Slack's word.
  if (typeof error !== 'string' || !/^[a-z0-9_.:-]{1,80}$/.test(error)) return { kind: 'unanswered', reason: 'The answer did not come from Slack.' }
  if (throttleCodes.has(error)) return { kind: 'throttled', retryAfterMs: waitUnsaidMs }
  if (brokenCodes.has(error)) return { kind: 'unanswered', reason: `Slack broke inside (${error}).` }
  return typeof needed === 'string' && /^[\w.:,-]{1,200}$/.test(needed) ? { kind: 'answer', code: error, needed } : { kind: 'answer', code: error }
}

/** The same in one sentence, for logs, status and people. */
export function describeFailure(failure: Failure): string {
  switch (failure.kind) {
    case 'answer':
      return failure.needed === undefined ? `Slack answered: ${failure.code}.` : `Slack answered: ${failure.code} (${failure.needed}).`
    case 'throttled':
      return `Slack asked to wait for ${Math.ceil(failure.retryAfterMs / 1_000)} s.`
    default:
      return failure.reason
  }
}

export const newTokens = 'Install the app to the workspace again (OAuth & Permissions) and copy its Bot User OAuth Token to channels.slack.botToken, or set SLACK_BOT_TOKEN.'
export const newAppToken = 'Make an app-level token with the scope connections:write (Basic Information) and put it at channels.slack.appToken, or set SLACK_APP_TOKEN.'

/** What a person has to do about it, where only a person can. */
export function helpFor(failure: Failure, token: 'bot' | 'app'): { reason: string; action: string } | undefined {
  if (failure.kind !== 'answer') return undefined
  const action = token === 'bot' ? newTokens : newAppToken
  if (failure.code === 'missing_scope' || failure.code === 'no_permission') {
    const scope = failure.needed === undefined ? 'a scope it needs' : `the scope ${failure.needed}`
    return { reason: `The Slack app lacks ${scope}.`, action: token === 'bot' ? `Add ${scope} under OAuth & Permissions and install the app to the workspace again.` : newAppToken }
  }
  if (!loginCodes.has(failure.code)) return undefined
  return { reason: `Slack does not accept the ${token === 'bot' ? 'bot' : 'app'} token (${failure.code}).`, action }
}

/** The SDK's failures have codes of its own around the one that tells. */
function innermostCode(error: unknown, depth: number): string | undefined {
  if (!(error instanceof Error) || depth > 6) return undefined
  const below = innermostCode(error.cause, depth + 1)
  if (below !== undefined) return below
  const { code } = error as Error & { code?: unknown }
  return typeof code === 'string' ? code : undefined
}

/** What a failed send means. A refusal is a fact: nothing was sent. */
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
    case 'answer':
      // The login or the app is at fault, not the message; it can go out once somebody repaired that.
      return new SendProblem(helpFor(failure, 'bot') === undefined ? 'never' : 'not-sent', words, { cause: error })
  }
}
