import { connectCode, SendProblem } from '@moltbot/contract'
import { ForeignAnswer, RpcProblem } from './rpc.ts'

/** What a failed call was, as far as anyone can tell. */
export type Failure =
  /** signal-cli said no. */
  | { kind: 'answer'; code: number; description: string }
  | { kind: 'throttled'; retryAfterMs: number; proof: boolean }
  /** The safety number changed, and nobody confirmed the new one. */
  | { kind: 'untrusted'; description: string }
  /** The account is not (any more) one of signal-cli's. */
  | { kind: 'unlinked' }
  /** signal-cli was certainly not reached. */
  | { kind: 'unreached'; reason: string }
  /** The request went out and no answer came back, or one that leaves it open. */
  | { kind: 'unanswered'; reason: string }

/** Where Signal asks to wait and does not say how long. */
const waitUnsaidMs = 60_000
const waitMaxMs = 24 * 3_600_000
const ioError = -3
const untrusted = -4
const rateLimit = -5

export const linkAction = 'Link the account: `moltbot channels login --channel signal`.'
export const startAction = 'Start signal-cli’s daemon (`signal-cli daemon --http --receive-mode=on-connection`), or set channels.signal.autoStart with cliPath.'

export function readFailure(error: unknown): Failure {
  if (error instanceof RpcProblem) {
    const description = error.message
    if (/not registered|specified account does not exist|authorization failed|account .{0,30}unregistered/i.test(description)) return { kind: 'unlinked' }
    if (error.code === rateLimit) return { kind: 'throttled', ...waitOf(error.data), proof: /captcha|challenge|proof/i.test(description) }
    if (error.code === untrusted) return { kind: 'untrusted', description }
    if (error.code === ioError) return { kind: 'unanswered', reason: `Signal could not be reached by signal-cli (${description}).` }
    return { kind: 'answer', code: error.code, description }
  }
  if (error instanceof ForeignAnswer) return { kind: 'unanswered', reason: error.message }
  const code = connectCode(error)
  return code === undefined
    ? { kind: 'unanswered', reason: `The connection to signal-cli broke (${error instanceof Error ? error.name : typeof error}).` }
    : { kind: 'unreached', reason: `signal-cli does not answer (${code}).` }
}

function waitOf(data: unknown): { retryAfterMs: number } {
  const seconds = Number(/"retryAfterSeconds":(\d{1,9})/.exec(JSON.stringify(data) ?? '')?.[1])
  return { retryAfterMs: Number.isFinite(seconds) && seconds > 0 ? Math.min(waitMaxMs, seconds * 1_000) : waitUnsaidMs }
}

/** The same in one sentence, for logs, status and people. */
export function describeFailure(failure: Failure): string {
  switch (failure.kind) {
    case 'answer':
      return `signal-cli answered: ${failure.description}`
    case 'throttled':
      return failure.proof ? 'Signal wants a proof that a person is there.' : `Signal asked to wait for ${Math.ceil(failure.retryAfterMs / 1_000)} s.`
    case 'untrusted':
      return 'The safety number changed and was not confirmed: nothing is sent there.'
    case 'unlinked':
      return 'This Signal account is not linked to signal-cli.'
    default:
      return failure.reason
  }
}

export function toSendProblem(error: unknown): SendProblem {
  const failure = readFailure(error)
  const words = describeFailure(failure)
  switch (failure.kind) {
    case 'throttled':
      return new SendProblem('not-sent', words, { retryAfterMs: failure.retryAfterMs, cause: error })
    case 'unreached':
    case 'unlinked':
      return new SendProblem('not-sent', words, { cause: error })
    case 'unanswered':
      return new SendProblem('unknown', words, { cause: error })
    case 'answer':
    case 'untrusted':
      return new SendProblem('never', words, { cause: error })
  }
}
