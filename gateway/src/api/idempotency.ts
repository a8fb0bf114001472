import type { Clock, PrincipalId } from '@moltbot/contract'
import type { WireError } from './wire-error.ts'

export type Answer = { ok: true; payload: unknown } | { ok: false; error: WireError }

/** Methods whose repetition within five minutes gets the first answer instead of a second effect. `chat.send` answers for itself, from the inbox. */
const remembered = new Set(['send', 'poll', 'agent', 'node.invoke'])
const keptForMs = 5 * 60_000
const entriesMax = 1000

/** Remembers answers by caller, method and `idempotencyKey`. Repeats of a request still running join it. */
export interface Idempotency {
  /** Runs `work` unless the same request was made before; undefined key or another method: always runs. */
  once(principal: PrincipalId, method: string, params: unknown, work: () => Promise<Answer>): Promise<Answer>
  /** A later, final answer replaces the first for repeats to come. */
  replace(principal: PrincipalId, method: string, params: unknown, answer: Answer): void
}

export function createIdempotency(clock: Clock): Idempotency {
  const answers = new Map<string, { at: number; answer: Promise<Answer> }>()
  const nameOf = (principal: PrincipalId, method: string, params: unknown): string | undefined => {
    if (!remembered.has(method) || typeof params !== 'object' || params === null) return undefined
    const key = (params as Record<string, unknown>)['idempotencyKey']
    return typeof key === 'string' && key !== '' ? JSON.stringify([principal, method, key]) : undefined
  }
  const forget = (): void => {
    for (const [name, { at }] of answers) {
      if (answers.size <= entriesMax && clock.now() - at < keptForMs) break
      answers.delete(name)
    }
  }
  return {
    once(principal, method, params, work) {
      const name = nameOf(principal, method, params)
      if (name === undefined) return work()
      forget()
      const known = answers.get(name)
      if (known !== undefined) return known.answer
      // Later, so that the entry stands before the work can give its second answer.
      const answer = Promise.resolve().then(work)
      answers.set(name, { at: clock.now(), answer })
      return answer
    },
    replace(principal, method, params, answer) {
      const name = nameOf(principal, method, params)
      const known = name === undefined ? undefined : answers.get(name)
      if (known !== undefined) known.answer = Promise.resolve(answer)
    },
  }
}
