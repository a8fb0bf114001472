/** Why a message, turn or delivery is where it is: the rows of the rooms, told in order. Reads only. */
import type { Store, TurnId } from '@moltbot/contract'
import type { Audit } from '../foundation/audit/types.ts'
import type { BudgetDoor } from '../foundation/budget/types.ts'
import type { InboxRoom, InboxRow } from './inbox/index.ts'
import type { DeliveryRow, OutboxRoom } from './outbox/index.ts'
import type { CallReceipt, SessionsRoom } from './sessions/index.ts'

export interface Explained {
  /** For people, in order of time. */
  lines: string[]
  /** The same rows for programs; `kind` says what they are of. */
  data: Record<string, unknown>
}

const time = (at: number): string => {
  const date = new Date(at)
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}
const day = (at: number): string => new Date(at).toISOString().slice(0, 10)
const short = (text: string, most = 80): string => {
  const flat = text.replace(/\s+/g, ' ').trim()
  return flat.length > most ? `${flat.slice(0, most - 1)}…` : flat
}
const seconds = (ms: number): string => (ms < 1_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(1)} s`)

/** A message is judged in the transaction that accepts it: what the record says of its sender about then is about it, in ms. */
const judgedWithinMs = 2_000

/**
 * Explains by the id of a delivery, a turn or a message (its beginning, or the network's id, will do). Undefined: nothing has it. Rejects with
 * `id-too-short`. `spent`: what a turn cost; absent: nothing is said of it.
 */
export function createWhy(rooms: { inbox: InboxRoom; sessions: SessionsRoom; outbox: OutboxRoom; audit: Audit; store: Store; spent?: BudgetDoor['ofTurn'] }): (id: string) => Promise<Explained | undefined> {
  const { inbox, sessions, outbox, audit, store } = rooms

  async function ofMessage(row: InboxRow): Promise<Explained> {
    const turn = row.turnId === null ? undefined : await sessions.transcript.turn(store.read, row.turnId)
    const calls = turn === undefined ? [] : await sessions.transcript.calls(store.read, turn.id)
    const receipts = turn === undefined ? [] : await sessions.receipts(turn.id)
    const spent = turn === undefined ? undefined : await rooms.spent?.(turn.id)
    const deliveries = [...(turn === undefined ? [] : await outbox.ofTurn(turn.id)), ...(await outbox.ofInbox(row.id)), ...(await outbox.sentOn(row.id))]
    const judged = row.end === 'denied' ? (await audit.about(`${row.chat.channel}:${row.message.sender.id}`)).filter((entry) => Math.abs(entry.at - row.receivedAt) < judgedWithinMs) : []
    const where = `${row.chat.channel}${row.chat.account === 'default' ? '' : `/${row.chat.account}`}, ${row.chat.kind} ${row.chat.chat}${row.chat.thread === undefined ? '' : ` thread ${row.chat.thread}`}`
    const lines = [
      `message  ${row.id}  (${day(row.receivedAt)})`,
      `${time(row.receivedAt)}  accepted from ${row.message.sender.name ?? row.message.sender.id} on ${where}: "${short(row.message.text)}"`,
      ...judged.map((entry) => `${time(entry.at)}  judged: ${entry.outcome} (${entry.reason})`),
      ...(row.principal === null ? [] : [`          speaks as ${row.principal}${row.sessionKey === null ? '' : `, in ${row.sessionKey}`}`]),
      ...(row.attempts === 0 ? [] : [`          taken up again after ${row.attempts} ${row.attempts === 1 ? 'restart' : 'restarts'} of the gateway`]),
    ]
    if (turn !== undefined) {
      lines.push(`${time(turn.startedAt)}  turn ${turn.id}${turn.model === null ? '' : `, answered by ${turn.model}`}`)
      for (const call of calls) lines.push(`${time(call.startedAt)}  tool ${call.name} ${short(JSON.stringify(call.input), 60)}: ${call.state}${call.finishedAt === null ? '' : ` after ${seconds(call.finishedAt - call.startedAt)}`}`)
      lines.push(...receipts.map((each) => `          receipt ${receiptLine(each)}`))
      // Of a deleted conversation nobody can tell any more; of one at work, not yet.
      if (receipts.length === 0 && turn.text !== null) lines.push('          no receipts: nothing was written, run, sent or changed in this turn, whatever the answer says')
      if (turn.endedAt !== null) lines.push(`${time(turn.endedAt)}  turn ended: ${turn.outcome ?? 'unknown'} after ${seconds(turn.endedAt - turn.startedAt)}, ${turn.usage.input + turn.usage.cacheRead + turn.usage.cacheWrite} tokens in, ${turn.usage.output} out`)
      else lines.push('          the turn is running')
      if (spent !== undefined && spent.calls > 0) lines.push(`          ${spent.calls} ${spent.calls === 1 ? 'model call' : 'model calls'}, ${spent.costUsd === 0 ? 'free' : `${(spent.costUsd * 100).toFixed(2)} cents`}`)
    }
    for (const delivery of deliveries) lines.push(deliveryLine(delivery))
    lines.push(row.end === null ? 'end: none yet, it is on its way' : `end: ${row.end}${row.endDetail === null ? '' : ` (${row.endDetail})`}${row.endedAt === null ? '' : ` at ${time(row.endedAt)}, ${seconds(row.endedAt - row.receivedAt)} after it came in`}`)
    const { message, ...facts } = row
    return { lines, data: { kind: 'message', message: { ...facts, text: message.text, sender: message.sender, platformId: message.id }, turn: turn ?? null, spent: spent ?? null, toolCalls: calls, receipts, deliveries } }
  }

  async function ofTurn(id: string): Promise<Explained | undefined> {
    const turn = await sessions.transcript.turn(store.read, id as TurnId)
    if (turn === undefined) return undefined
    const rows = await inbox.ofTurn(store.read, turn.id)
    const first = rows[0]
    if (first !== undefined) return ofMessage(first)
    return { lines: [`turn ${turn.id} in ${turn.sessionKey}: ${turn.outcome ?? turn.state}`], data: { kind: 'turn', turn } }
  }

  return async (id) => {
    const deliveries = await outbox.find(id)
    const delivery = deliveries[0]
    if (delivery?.turnId != null) return ofTurn(delivery.turnId)
    if (delivery?.inboxId != null) {
      const row = await inbox.get(delivery.inboxId)
      if (row !== undefined) return ofMessage(row)
    }
    if (delivery !== undefined) return { lines: [`delivery ${delivery.id}, written at ${time(delivery.createdAt)}`, deliveryLine(delivery)], data: { kind: 'delivery', deliveries } }
    const turn = await ofTurn(id)
    if (turn !== undefined) return turn
    const rows = await inbox.find(id)
    const row = rows[0]
    if (row === undefined) return undefined
    const explained = await ofMessage(row)
    return rows.length === 1 ? explained : { ...explained, lines: [...explained.lines, `(${rows.length - 1} more ${rows.length === 2 ? 'message matches' : 'messages match'} "${short(id, 40)}")`] }
  }
}

/** What was done or not, to what, and by which call. */
function receiptLine({ tool, action, effects, outcome, why, callId }: CallReceipt): string {
  const targets = effects.map((effect) => `${effect.kind} "${short('what' in effect ? effect.what : 'path' in effect ? effect.path : 'to' in effect ? effect.to : effect.host)}"`)
  return `${tool}${action === null ? '' : ` ${action}`}${targets.length === 0 ? '' : ` ${targets.join(', ')}`}: ${outcome}${why === null ? '' : ` (${short(why)})`}  [${short(callId, 40)}]`
}

function deliveryLine(delivery: DeliveryRow): string {
  const about = delivery.state === 'sent' ? `as ${delivery.platformId ?? 'unknown'}` : (delivery.error ?? '')
  return `${time(delivery.settledAt ?? delivery.createdAt)}  delivery ${delivery.id} part ${delivery.part + 1} to ${delivery.chat.channel} ${delivery.chat.chat}: ${delivery.state}${about === '' ? '' : ` ${about}`}${delivery.attempts > 1 ? `, ${delivery.attempts} attempts` : ''}${delivery.resent ? ', sent again after an uncertain attempt' : ''}`
}
