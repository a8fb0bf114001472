import { unreachable } from '@moltbot/contract'
import Type from 'typebox'
import type { Static } from 'typebox'
import type { InboxRow } from '../../journey/inbox/types.ts'
import type { DeliveryRow } from '../../journey/outbox/types.ts'
import type { Rooms } from '../rooms.ts'

/**
 * How far a message of a person has come, as the ledger has it. `accepted`: it is safe and has no end yet. `delivering`: its answer is written and on
 * its way. `answered`: so, and the network took it. `uncertain`: answered, but nobody knows whether it arrived, or it may be there twice. `stopped`: by a
 * person, or by what they wrote next. `unanswered`: it has its end, and that is no answer. `undelivered`: the answer could not be sent. `reason`: why, in words.
 */
export const Progress = Type.Object({
  state: Type.Union([
    Type.Literal('accepted'), Type.Literal('delivering'), Type.Literal('answered'), Type.Literal('uncertain'), Type.Literal('stopped'), Type.Literal('unanswered'), Type.Literal('undelivered'),
  ]),
  reason: Type.Optional(Type.String()),
})
export type Progress = Static<typeof Progress>

type Ledger = Pick<Rooms, 'inbox' | 'outbox' | 'sessions'>

/** A message merged into another is as far as that one. A chain this long has no end. */
const mergesMax = 8
/** More of a reason is in `why`. */
const reasonMax = 400
const notDelivered = 'could not be delivered: '

/** Reads it anew: what is true when it is asked. */
export async function progressOf(rooms: Ledger, row: InboxRow): Promise<Progress> {
  let at = row
  for (let merges = 0; at.end === 'merged' && at.endDetail !== null && merges < mergesMax; merges += 1) {
    const into = await rooms.inbox.get(at.endDetail as InboxRow['id'])
    if (into === undefined) break
    at = into
  }
  const detail = at.endDetail ?? ''
  switch (at.end) {
    case null: {
      // What is on its way while the assistant is at work is the beginning of an answer.
      if (at.turnId === null || (await rooms.sessions.turnOutcome(at.turnId)) === null) return { state: 'accepted' }
      const open = (await rooms.outbox.ofTurn(at.turnId)).filter(({ settledAt }) => settledAt === null)
      const trouble = open.find(({ error }) => error !== null)?.error
      return open.length === 0 ? { state: 'accepted' } : { state: 'delivering', ...because(trouble) }
    }
    case 'command':
    // It has gone where it was merged into, and nothing of that is left to say more.
    case 'merged':
      return { state: 'answered' }
    case 'answered':
      if (detail === 'delivery uncertain') return { state: 'uncertain' }
      return { state: at.turnId !== null && (await rooms.sessions.turnOutcome(at.turnId)) === 'aborted' ? 'stopped' : 'answered' }
    case 'silent':
      return detail.startsWith('stop') || detail.startsWith('interrupt') ? { state: 'stopped' } : { state: 'unanswered', ...because(detail) }
    case 'denied':
      return { state: 'unanswered', ...because(detail) }
    case 'failed':
      if (detail.startsWith(notDelivered)) return { state: 'undelivered', ...because(detail.slice(notDelivered.length)) }
      return { state: 'unanswered', ...because(detail === 'told' && at.turnId !== null ? wordsOf(await rooms.outbox.ofTurn(at.turnId)) : detail) }
    default:
      return unreachable(at.end)
  }
}

/** The failure went out as the reply, behind what had been said until then: its last paragraph says why. */
function wordsOf(parts: readonly DeliveryRow[]): string {
  return parts.at(-1)?.markdown.trim().split(/\n{2,}/).at(-1) ?? ''
}

function because(reason: string | null | undefined): { reason?: string } {
  if (reason === null || reason === undefined || reason.trim() === '') return {}
  const whole = reason.trim()
  return { reason: whole.length > reasonMax ? `${whole.slice(0, reasonMax - 1).toWellFormed()}…` : whole }
}
