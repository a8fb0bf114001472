import { SendProblem, silentToken, type AgentEvent, type Connection, type OutgoingMessage, type PlatformMessageId, type Tx } from '@moltbot/contract'
import { placeKey } from './chat-lanes.ts'
import { retryForMs } from './deliver.ts'
import { deliveryKey, type StoredDelivery } from './deliveries.ts'
import { limitsOf, type OutboxDesk, type ReplyTarget } from './desk.ts'
import { sayable } from './sayable.ts'

/** A live preview starts when this much is there and this long has passed. */
const previewCharsMin = 24
const previewEveryMs = 1_000

export interface PreviewWishes {
  /** Nothing of it is shown before it is whole. */
  quiet?: boolean
  /** The words as they go out. */
  plain?(words: string): string
}

/** A live preview of an answer while it is being written. */
export interface Preview {
  show(event: AgentEvent): void
  /** No more previews; what is on its way is waited for by the lane. */
  end(): void
}

/** Shows an answer while it is written, where the place can be edited. */
export function beginPreview(desk: OutboxDesk, turn: ReplyTarget, commit: (also: (tx: Tx) => Promise<void>) => Promise<void>, { quiet = false, plain = (words) => words }: PreviewWishes = {}): Preview {
  const { store, clock, connections, deliveries, lanes, ours, standing } = desk
  const { withDeadline } = desk.patience
  let text = ''
  /** What of it stands, whatever becomes of the answer that is being written. */
  let whole = ''
  let shown = ''
  let ended = false
  let row: StoredDelivery | undefined
  let nextAt = clock.now() + previewEveryMs
  let cancel: (() => void) | undefined
  const place = placeKey(turn.chat)

  const update = async (): Promise<void> => {
    const connection = connections.of(turn.chat)
    const words = sayable(plain(text)).trim()
    if (ended || connection?.edit === undefined || words === shown || words.length > limitsOf(desk, turn.chat).max) return
    const every = Math.max(previewEveryMs, connection.limits.editEveryMs ?? 0)
    const message: OutgoingMessage = { key: deliveryKey(turn.id, 0), markdown: words, ...(turn.chat.kind === 'direct' || turn.replyTo === null ? {} : { replyTo: turn.replyTo }) }
    try {
      if (row === undefined) {
        await commit(async (tx) => {
          const before = await deliveries.byKey(tx, message.key)
          row = await deliveries.put(tx, { owner: turn.id, part: 0, turnId: turn.id, inboxId: null, principal: turn.principal.id, chat: turn.chat, markdown: words, replyTo: message.replyTo ?? null, draft: true, state: 'sending' })
          if (before === undefined) ours.set(row.id, row)
        })
      }
      const known = row
      if (known === undefined) return
      if (known.platformId === null) {
        if (!ours.has(known.id)) return
        ours.delete(known.id)
        known.platformId = await withDeadline((signal) => connection.send(turn.chat, message, signal))
        standing.set(known.id, known.platformId)
        await store.transaction((tx) => deliveries.save(tx, known.id, { state: 'sending', platformId: known.platformId }))
      } else {
        await withDeadline((signal) => (connection.edit as NonNullable<Connection['edit']>)(turn.chat, known.platformId as PlatformMessageId, message, signal))
      }
      shown = words
      nextAt = clock.now() + every
    } catch (error) {
      nextAt = clock.now() + Math.max(every, error instanceof SendProblem ? (error.retryAfterMs ?? every * 4) : every * 4)
      if (error instanceof SendProblem && error.outcome !== 'unknown' && row !== undefined && row.platformId === null) {
        const unsent = row
        await store.transaction((tx) => deliveries.save(tx, unsent.id, { state: 'queued' })).catch(() => undefined)
        ours.set(unsent.id, unsent)
      }
    }
  }
  const schedule = (): void => {
    if (ended || cancel !== undefined || text.trim().length < previewCharsMin || silentToken.startsWith(text.trim())) return
    cancel = clock.after(Math.max(0, nextAt - clock.now()), () => {
      cancel = undefined
      if (!ended && lanes.empty(place)) lanes.push(place, update)
      else if (!ended) { nextAt = clock.now() + previewEveryMs; schedule() }
    })
  }
  const enabled = !quiet && desk.streaming(turn.chat) && connections.of(turn.chat)?.edit !== undefined
  return {
    show(event) {
      if (!enabled) return
      if (event.type === 'failover' || event.type === 'model-start') text = whole
      if (event.type === 'assistant-end') {
        if (text.trim() !== '') text += '\n\n'
        whole = text
      }
      if (event.type === 'text-delta') {
        text += event.text
        schedule()
      }
    },
    end() {
      ended = true
      cancel?.()
    },
  }
}

/** Takes back a preview whose turn ended without words. */
export async function withdrawPreview(desk: OutboxDesk, turn: Pick<ReplyTarget, 'id' | 'chat'>): Promise<void> {
  const { store, clock, connections, deliveries, lanes, patience, ours, standing } = desk
  const draft = (await deliveries.ofTurn(store.read, turn.id)).find((row) => row.draft && row.settledAt === null)
  if (draft === undefined) return
  const untried = ours.has(draft.id)
  lanes.push(placeKey(turn.chat), async () => {
    const leftMs = draft.createdAt + retryForMs - clock.now()
    if (connections.of(turn.chat) === undefined && leftMs > 0) await patience.whenUp(turn.chat, leftMs)
    if (patience.over()) return
    const now = await deliveries.get(store.read, draft.id)
    if (now === undefined || now.settledAt !== null) return
    const connection = connections.of(turn.chat)
    let id = now.platformId ?? standing.get(draft.id)
    if (id === undefined && now.state === 'sending' && !(untried && ours.has(draft.id)) && connection?.findSent !== undefined) {
      id = await patience.withDeadline(async () => connection.findSent?.(turn.chat, now.key, now.createdAt)).catch(() => undefined)
    }
    const stands = id
    if (stands !== undefined) await patience.withDeadline(async (signal) => connection?.remove?.(turn.chat, stands, signal)).catch(() => undefined)
    await store.transaction((tx) => deliveries.save(tx, draft.id, { state: 'failed', error: 'withdrawn: the turn ended without words', settled: true }))
    ours.delete(draft.id)
    standing.delete(draft.id)
  })
}
