/**
 * The outbox: what is to be said is written first, then sent, in order for each place, until it is certain what became of it.
 * It never changes a destination, never judges what is said, and never drops anything silently.
 */
import {
  Problem, type ChatRef, type DeliveryKey, type InboxId, type Migration, type OutgoingButton, type PlatformMessageId, type PrincipalId, type TurnId, type Tx,
} from '@moltbot/contract'
import { placeKey } from './chat-lanes.ts'
import { createDelivering } from './deliver.ts'
import { deliveryKey, outboxButtonsMigration, outboxSpentButtonsMigration, outboxFilesMigration, outboxMigration, sentOnOwner, type StoredDelivery } from './deliveries.ts'
import { openDesk, type OutboxOptions, type ReplyTarget } from './desk.ts'
import { partsOfReply } from './parts-of-reply.ts'
import { beginPreview, withdrawPreview, type Preview, type PreviewWishes } from './preview.ts'
import { sayable } from './sayable.ts'
import { endButtons } from './spent-buttons.ts'
import type { DeliveryFile, DeliveryRow, GivenFile, HeldFile, OutboxDoor, SpokenAnswer } from './types.ts'
import type { SpokenWords } from './spoken-words.ts'

export type * from './types.ts'
export { bareFile } from './bare-file.ts'
export const migrations: readonly Migration[] = [outboxMigration, outboxFilesMigration, outboxButtonsMigration, outboxSpentButtonsMigration]

export function createOutbox(options: OutboxOptions) {
  const desk = openDesk(options)
  const { store, clock, connections, deliveries, keptFiles, lanes, ours, letGo } = desk
  const delivering = createDelivering(desk)

  /** Writes the parts of one reply in the caller's transaction; they go out after its commit. */
  async function write(tx: Tx, reply: { owner: string; turnId: TurnId | null; inboxId: InboxId | null; principal: PrincipalId; chat: ChatRef; replyTo: PlatformMessageId | null; markdown: string; key?: DeliveryKey; file?: DeliveryFile; spoken?: SpokenAnswer; buttons?: readonly OutgoingButton[] }): Promise<DeliveryRow[]> {
    const { parts, file } = await partsOfReply(desk, tx, reply)
    const rows: StoredDelivery[] = []
    const atOnce = connections.of(reply.chat) !== undefined && lanes.empty(placeKey(reply.chat))
    for (const [part, markdown] of parts.entries()) {
      const fresh = (await deliveries.byKey(tx, reply.key ?? deliveryKey(reply.owner, part))) === undefined
      const isLast = part === parts.length - 1
      const row = await deliveries.put(tx, { ...reply, part, markdown, file: isLast ? file : undefined, buttons: isLast ? reply.buttons : undefined, replyTo: part === 0 ? reply.replyTo : null, draft: false, state: part === 0 && atOnce ? 'sending' : 'queued' })
      if (fresh) ours.set(row.id, row)
      rows.push(row)
    }
    tx.afterCommit(() => rows.forEach((row) => delivering.queue(row, ours.has(row.id))))
    return rows
  }

  async function send(request: Parameters<OutboxDoor['send']>[0], file: DeliveryFile | undefined): Promise<DeliveryRow> {
    const owner = request.key === undefined ? options.newId('sd') : `send/${request.principal}/${request.key}`
    const last = await store.transaction(async (tx) => {
      let before: StoredDelivery | undefined
      for (let part = 0; ; part += 1) {
        const row = await deliveries.byKey(tx, deliveryKey(owner, part))
        if (row === undefined) break
        before = row
      }
      return before ?? (await write(tx, { owner, turnId: null, inboxId: null, principal: request.principal, chat: request.chat, replyTo: request.replyTo ?? null, markdown: request.markdown, ...(file === undefined ? {} : { file }), ...(request.buttons === undefined ? {} : { buttons: request.buttons }) })).at(-1)
    })
    if (last === undefined) throw new Problem('send-empty', 'There is nothing to send.', { next: 'Give the message some text, or a file.' })
    return delivering.settled(last.id)
  }

  /** Keeps the bytes before any row names them, and lets go of them when no row does. */
  async function sendFile(request: Parameters<OutboxDoor['send']>[0], given: GivenFile): Promise<DeliveryRow> {
    const { file, release } = await keptFiles.keep(given)
    try {
      return await send(request, file)
    } finally {
      letGo(release())
    }
  }

  const door: OutboxDoor = {
    send: (request) => (request.file === undefined ? send(request, undefined) : sendFile(request, request.file)),
    async openFile(id) {
      const row = await deliveries.get(store.read, id)
      const bytes = row?.file === undefined || !options.files.stay(row.chat) ? undefined : await keptFiles.read(row.file.sha256)
      return row?.file === undefined || bytes === undefined ? undefined : { row, file: row.file, bytes }
    },
    besideTurns: async (chat) => (await deliveries.besideTurns(chat)).filter((row) => options.files.stay(row.chat)),
    ofTurn: (turn) => deliveries.ofTurn(store.read, turn),
    ofKey: (key) => deliveries.byKey(store.read, key),
    ofInbox: (id) => deliveries.ofInbox(store.read, id),
    counts: () => deliveries.counts(),
  }

  return {
    ...door,
    release: delivering.release,
    find: deliveries.find,
    async forget(tx: Tx, owners: Parameters<typeof deliveries.forget>[1]): Promise<void> {
      await deliveries.forget(tx, owners)
      tx.afterCommit(() => letGo(keptFiles.sweep()))
    },
    /** What `send` wrote under this key. */
    ofSend: (principal: PrincipalId, key: string): Promise<DeliveryRow | undefined> => deliveries.byKey(store.read, deliveryKey(`send/${principal}/${key}`, 0)),
    preview: (turn: ReplyTarget, commit: (also: (tx: Tx) => Promise<void>) => Promise<void>, wishes?: PreviewWishes): Preview => beginPreview(desk, turn, commit, wishes),
    /** Writes a turn's answer. The place and what it answers to were fixed when the message was accepted. `spoken`: kept before, and held until this is committed. */
    answer: (tx: Tx, turn: ReplyTarget, markdown: string, spoken?: SpokenAnswer): Promise<DeliveryRow[]> =>
      write(tx, { owner: turn.id, turnId: turn.id, inboxId: null, principal: turn.principal.id, chat: turn.chat, replyTo: turn.chat.kind === 'direct' ? null : turn.replyTo, markdown, ...(spoken === undefined ? {} : { spoken }) }),
    /** Keeps a file before any row names it. Rejects with a `Problem`. */
    keep: (given: GivenFile): Promise<HeldFile> => keptFiles.keep(given),
    /** Markdown as it is said aloud, at most `max` characters of it. */
    async spoken(markdown: string, max: number): Promise<SpokenWords & { shortened: boolean }> {
      const { shortened, spokenWords } = await import('./spoken-words.ts')
      const said = spokenWords(sayable(markdown))
      const cut = shortened(said.text, max)
      return { ...cut, whole: said.whole && !cut.shortened }
    },
    /** Writes words of the gateway itself in answer to a message: an invitation, a command's reply, a notice. */
    reply: (tx: Tx, to: { inbox: InboxId; chat: ChatRef; principal: PrincipalId }, markdown: string, name: string, buttons?: readonly OutgoingButton[]): Promise<DeliveryRow[]> =>
      write(tx, { owner: `${to.inbox}/${name}`, turnId: null, inboxId: to.inbox, principal: to.principal, chat: to.chat, replyTo: null, markdown, ...(buttons === undefined ? {} : { buttons }) }),
    /** Writes the words of an answer for one more place, as the message they answer asked for. Written again under the same message, it is the same. */
    sendOn: (tx: Tx, on: { inbox: InboxId; chat: ChatRef; principal: PrincipalId }, markdown: string): Promise<DeliveryRow[]> =>
      write(tx, { owner: sentOnOwner(on.inbox), turnId: null, inboxId: null, principal: on.principal, chat: on.chat, replyTo: null, markdown }),
    /** What `sendOn` wrote for a message. */
    sentOn: (inbox: InboxId): Promise<DeliveryRow[]> => deliveries.sentOn(store.read, inbox),
    endButtons: (isOver: (buttons: readonly OutgoingButton[]) => boolean): Promise<void> => endButtons(desk, isOver),
    withdraw: (turn: Pick<ReplyTarget, 'id' | 'chat'>): Promise<void> => withdrawPreview(desk, turn),
    /** Live previews that nobody completed yet. */
    previews: (): Promise<DeliveryRow[]> => deliveries.drafts(),
    /** Takes up everything that is not settled. Called once at start, before channels connect; unfinished previews wait for their turn. */
    async resume(): Promise<number> {
      letGo(keptFiles.sweep())
      const open = await deliveries.open()
      for (const row of open) if (!row.draft) delivering.queue(row, false)
      return open.length
    },
    /** Sends nothing more; what is being sent is waited for, at most `graceMs`. The rest stays for the next start. */
    async close(graceMs: number): Promise<void> {
      desk.patience.end()
      await Promise.race([lanes.idle(), new Promise<void>((resolve) => { clock.after(graceMs, resolve) })])
    },
  }
}
export type OutboxRoom = ReturnType<typeof createOutbox>
