import { ConnectProblem, Problem, SendProblem } from '@moltbot/contract'

/** A failure as plain data: what it says and what is certain about it. What caused it stays where it was thrown. */
export type CarriedError =
  | { kind: 'send'; message: string; outcome: SendProblem['outcome']; retryAfterMs: number | undefined }
  | { kind: 'connect'; message: string; permanent: boolean; next: string }
  | { kind: 'problem'; message: string; code: string; next: string | undefined }
  | { kind: 'error'; message: string; name: string }

export function carryError(error: unknown): CarriedError {
  if (error instanceof SendProblem) return { kind: 'send', message: error.message, outcome: error.outcome, retryAfterMs: error.retryAfterMs }
  if (error instanceof ConnectProblem) return { kind: 'connect', message: error.message, permanent: error.permanent, next: error.next }
  if (error instanceof Problem) return { kind: 'problem', message: error.message, code: error.code, next: error.next }
  return error instanceof Error ? { kind: 'error', message: error.message, name: error.name } : { kind: 'error', message: String(error), name: 'Error' }
}

export function readCarriedError(carried: CarriedError): Error {
  switch (carried.kind) {
    case 'send':
      return new SendProblem(carried.outcome, carried.message, carried.retryAfterMs === undefined ? {} : { retryAfterMs: carried.retryAfterMs })
    case 'connect':
      return new ConnectProblem(carried.message, { permanent: carried.permanent, next: carried.next })
    case 'problem':
      return new Problem(carried.code, carried.message, carried.next === undefined ? {} : { next: carried.next })
    default:
      return Object.assign(new Error(carried.message), { name: carried.name })
  }
}
