import type { ModelCall, ModelCallEvent, Tx } from '@moltbot/contract'
import type { Cap } from './caps.ts'

/** `yes` and `no`: somebody who may decide said so. `unanswered`: nobody did in time. `withdrawn`: whoever asked no longer needs it. */
export type OwnerAnswer = 'yes' | 'no' | 'unanswered' | 'withdrawn'

/** May a cap be raised once, for its period? The same cap in the same period is the same question. */
export interface MoneyQuestion {
  /** What a yes would do, in a line. */
  summary: string
  /** Why it is asked. */
  reason: string
  /** What is spent, in words without amounts. */
  what: string
  /** The exact bytes of the question. */
  input: { cap: string; period: string; raiseUsd: number }
}

/**
 * Puts the question to the owner and resolves with the answer. `record` writes the answer down in the transaction that spends it; `approval`
 * names it, and recording one twice is harmless. Must end soon after the call's signal aborts.
 */
export type AskOwner = (question: MoneyQuestion, record: (tx: Tx, approval: string, answer: 'yes' | 'no') => Promise<void>, signal: AbortSignal) => Promise<OwnerAnswer>

/** The cap that left no room for a call, and what that call needs at least, in millionths of a dollar. */
export interface Refusal { cap: Cap; worst: number }

type Ask = (call: ModelCall) => AsyncIterable<ModelCallEvent>

/** What `callModel` may pass on before it is known whether there is money: nothing was shown yet. */
const early = new Set<ModelCallEvent['type']>(['model-start', 'start', 'failover'])

/** A call that found no money waits until the owner has answered. A yes lets it try again, anything else ends it in words. */
export async function* askFirst(ask: Ask, call: ModelCall, decide: () => Promise<OwnerAnswer | undefined>): AsyncGenerator<ModelCallEvent, void, undefined> {
  for (;;) {
    const held: ModelCallEvent[] = []
    let refused: Extract<ModelCallEvent, { type: 'end' }> | undefined
    let passing = false
    for await (const event of ask(call)) {
      if (!passing && early.has(event.type)) held.push(event)
      else if (!passing && event.type === 'end' && event.fault?.class === 'budget') refused = event
      else {
        if (!passing) yield* held
        passing = true
        yield event
      }
    }
    if (refused?.fault === undefined) return
    const answer = await decide()
    if (answer === 'yes') continue
    yield* held
    if (call.signal.aborted) {
      yield { type: 'end', stop: 'aborted', message: refused.message, usage: refused.usage }
      return
    }
    yield { ...refused, fault: { ...refused.fault, message: `${refused.fault.message}${afterwards(answer)}` } }
    return
  }
}

function afterwards(answer: OwnerAnswer | undefined): string {
  switch (answer) {
    case 'no': return ' The owner was asked for more and said no.'
    case 'unanswered': return ' The owner was asked for more and did not answer in time.'
    default: return ''
  }
}
