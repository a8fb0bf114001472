import { createHash } from 'node:crypto'
import type { Clock, PrincipalId } from '@moltbot/contract'
import type { Caller } from './caller.ts'
import type { WireError } from './wire-error.ts'

export type Answer = { ok: true; payload: unknown } | { ok: false; error: WireError }

/** Methods whose repetition within five minutes gets the first answer instead of a second effect. `chat.send` answers for itself, from the inbox. */
const remembered = new Set(['send', 'poll', 'agent', 'node.invoke'])
const keptForMs = 5 * 60_000
const entriesMax = 1000

/** Whose key it is: one client's keys say nothing about another's. `client` stays the same when a client connects again. */
export interface Asker { principal: PrincipalId; client: string }

/** Remembers answers by caller, method and `idempotencyKey`. Repeats of a request still running join it. The same key with other parameters is a conflict, and nothing runs. */
export interface Idempotency {
  /** Runs `work` unless the same request was made before; undefined key or another method: always runs. */
  once(asker: Asker, method: string, params: unknown, work: () => Promise<Answer>): Promise<Answer>
  /** A later, final answer replaces the first for repeats to come. */
  replace(asker: Asker, method: string, params: unknown, answer: Answer): void
}

/** The asker behind a connection: its device, or the client as it names itself. */
export function askerOf(caller: Pick<Caller, 'principal' | 'device' | 'client'>): Asker {
  return { principal: caller.principal.id, client: caller.device ?? `${caller.client.id}/${caller.client.mode}` }
}

function digestOf(params: unknown): string {
  return createHash('sha256').update(JSON.stringify(params) ?? '').digest('base64url')
}

export function createIdempotency(clock: Clock): Idempotency {
  const answers = new Map<string, { at: number; asked: string; answer: Promise<Answer> }>()
  const conflict: Answer = { ok: false, error: { code: 'INVALID_REQUEST', message: 'This idempotencyKey was used for another request; nothing was done. Use a new key.', details: { code: 'IDEMPOTENCY_CONFLICT' } } }
  const nameOf = ({ principal, client }: Asker, method: string, params: unknown): string | undefined => {
    if (!remembered.has(method) || typeof params !== 'object' || params === null) return undefined
    const key = (params as Record<string, unknown>)['idempotencyKey']
    return typeof key === 'string' && key !== '' ? JSON.stringify([principal, client, method, key]) : undefined
  }
  const forget = (): void => {
    for (const [name, { at }] of answers) {
      if (answers.size <= entriesMax && clock.now() - at < keptForMs) break
      answers.delete(name)
    }
  }
  return {
    async once(asker, method, params, work) {
      const name = nameOf(asker, method, params)
      if (name === undefined) return work()
      forget()
      const known = answers.get(name)
      const asked = digestOf(params)
      if (known !== undefined) return known.asked === asked ? known.answer : conflict
      // Later, so that the entry stands before the work can give its second answer.
      const answer = Promise.resolve().then(work)
      answers.set(name, { at: clock.now(), asked, answer })
      return answer
    },
    replace(asker, method, params, answer) {
      const name = nameOf(asker, method, params)
      const known = name === undefined ? undefined : answers.get(name)
      if (known !== undefined) known.answer = Promise.resolve(answer)
    },
  }
}
