/**
 * The outbox: what is to be said is written first, then sent, in order for each place, until it is certain what became of it.
 * It never changes a destination, never judges what is said, and never drops anything silently.
 */
import {
  Problem, SendProblem, describeError, type AgentEvent, type ChatRef, type Clock, type Connection, type DeliveryId, type DeliveryKey, type InboxId, type Logger, type Migration,
  type NewId, type OutgoingButton, type OutgoingMessage, type PlatformMessageId, type Principal, type PrincipalId, type Store, type TurnId, type Tx, silentToken, unreachable,
} from '@moltbot/contract'
import type { Connections } from '../../foundation/connections/types.ts'
import { createChatLanes, placeKey } from './chat-lanes.ts'
import { createDeliveries, deliveryKey, outboxButtonsMigration, outboxSpentButtonsMigration, outboxFilesMigration, outboxMigration, sentOnOwner, type StoredDelivery } from './deliveries.ts'
import { fits } from './fits.ts'
import { createKeptFiles } from './kept-files.ts'
import { sayable } from './sayable.ts'
import type { DeliveryFile, DeliveryRow, GivenFile, HeldFile, OutboxDoor, SpokenAnswer } from './types.ts'
import type { SpokenWords } from './spoken-words.ts'
import { buttonsFor, leftOutWords } from './with-file.ts'

export type * from './types.ts'
export { fileBytesMax } from './kept-files.ts'
export const migrations: readonly Migration[] = [outboxMigration, outboxFilesMigration, outboxButtonsMigration, outboxSpentButtonsMigration]

/** A send that has not answered after this long counts as uncertain. */
export const sendDeadlineMs = 30_000
/** A file gets longer by what a slow line (1 Mbit/s) needs for it. */
const uploadBytesPerMs = 125
/** A part that could certainly not be sent is tried again for this long, then given up and shown as failed. */
export const retryForMs = 24 * 60 * 60_000
/** A part that was on the wire when a gateway died is sent again; only after this many deaths it stays uncertain. */
export const resendsMax = 10
/** After so many deaths a part waits longer and longer before it is sent again: a gateway that dies at every start must not flood a chat. */
const promptResends = 3
const retryBaseMs = 400
const retryMaxMs = 30_000
/** So long a place may be out of reach before the buttons of a question that is over are left there. */
const buttonsPatienceMs = 60_000
/** Stands below words that were to be heard and could not be sent so. */
const noSoundWords = '\n\n*(As text: this chat takes no voice notes from me.)*'
/** A live preview starts when this much is there and this long has passed. */
const previewCharsMin = 24
const previewEveryMs = 1_000
const typingEveryMs = 4_500

/** The part of a turn the outbox needs. */
export interface ReplyTarget {
  id: TurnId
  principal: Principal
  chat: ChatRef
  replyTo: PlatformMessageId
}

export interface PreviewWishes {
  /** Only that we are working is shown. */
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

export function createOutbox(options: {
  store: Store; clock: Clock; newId: NewId; log: Logger; connections: Connections
  /** A number in [0, 1) for jitter. */
  random(): number
  /** Whether answers in this place are shown while they are being written. */
  streaming(chat: ChatRef): boolean
  /** What does not go out for now; it is taken up again by `release`. */
  holds(row: DeliveryRow): boolean
  files: {
    /** Where the bytes of files wait. Made when the first one comes. */
    folder: string
    /** The file is fetched from here later: it stays until its conversation is forgotten. */
    stay(chat: ChatRef): boolean
  }
  /** The network's name for people. */
  label(chat: ChatRef): string
  /** Runs in the commit in which the last part of a turn or reply is settled. */
  settled(tx: Tx, delivery: DeliveryRow, all: readonly DeliveryRow[]): Promise<void>
}) {
  const { store, clock, log, connections } = options
  const deliveries = createDeliveries(options)
  const files = createKeptFiles(options.files.folder, deliveries.needsFile)
  const lanes = createChatLanes(log)
  /** Parts this process wrote itself: for them `sending` without an id means "not tried yet", for others "uncertain". */
  const ours = new Map<DeliveryId, StoredDelivery>()
  const waiters = new Map<DeliveryId, ((row: StoredDelivery) => void)[]>()
  /** Messages known to stand on the network, also while the store could not be told. */
  const standing = new Map<DeliveryId, PlatformMessageId>()
  const closing = new AbortController()
  /** Kept back, so that they stand in nobody's way in their lane. */
  const kept: { row: StoredDelivery; untried: boolean }[] = []

  function limitsOf(chat: ChatRef): { max: number; lines: number } {
    const limits = connections.of(chat)?.limits
    return { max: limits?.textLengthMax ?? 4_000, lines: limits?.linesMax ?? Number.POSITIVE_INFINITY }
  }

  /** Writes the parts of one reply in the caller's transaction; they go out after its commit. */
  async function write(tx: Tx, reply: { owner: string; turnId: TurnId | null; inboxId: InboxId | null; principal: PrincipalId; chat: ChatRef; replyTo: PlatformMessageId | null; markdown: string; key?: DeliveryKey; file?: DeliveryFile; spoken?: SpokenAnswer; buttons?: readonly OutgoingButton[] }): Promise<DeliveryRow[]> {
    const { max, lines } = limitsOf(reply.chat)
    const { words, file } = reply.spoken !== undefined ? { words: reply.markdown, file: await soundFor(tx, reply, reply.spoken) } : reply.file === undefined ? { words: reply.markdown, file: undefined } : fileWithin(reply.chat, reply.markdown, reply.file)
    const isAlone = file?.instead !== undefined
    const parts = isAlone ? [''] : file !== undefined && reply.spoken === undefined && goesBeside(reply.chat, words) ? [words] : [...(await partsOf(words, max, lines)), ...(file === undefined ? [] : [''])]
    const rows: StoredDelivery[] = []
    const atOnce = connections.of(reply.chat) !== undefined && lanes.empty(placeKey(reply.chat))
    for (const [part, markdown] of parts.entries()) {
      const fresh = (await deliveries.byKey(tx, reply.key ?? deliveryKey(reply.owner, part))) === undefined
      const isLast = part === parts.length - 1
      const row = await deliveries.put(tx, { ...reply, part, markdown, file: isLast ? file : undefined, buttons: isLast ? reply.buttons : undefined, replyTo: part === 0 ? reply.replyTo : null, draft: false, state: part === 0 && atOnce ? 'sending' : 'queued' })
      if (fresh) ours.set(row.id, row)
      rows.push(row)
    }
    tx.afterCommit(() => rows.forEach((row) => queue(row, ours.has(row.id))))
    return rows
  }

  /** A file and its words as far as the place takes them. Where it can't be reached just now, that is seen when it is sent. */
  function fileWithin(chat: ChatRef, markdown: string, file: DeliveryFile): { words: string; file: DeliveryFile | undefined } {
    const words = sayable(markdown).trim()
    const limits = connections.of(chat)?.limits
    const instead = limits === undefined ? undefined : leftOutWords(file, limits, options.label(chat))
    return instead === undefined ? { words, file } : { words: `${words}\n\n${instead}`, file: undefined }
  }

  /**
   * The sound of an answer as the place takes it; undefined: it takes none, and the words are all there is. It stands in place of the words only where they
   * would fit into the one message that it is, and where none of them stand there yet.
   */
  async function soundFor(tx: Tx, { owner, chat, markdown }: { owner: string; chat: ChatRef; markdown: string }, { file, alone }: SpokenAnswer): Promise<DeliveryFile | undefined> {
    const limits = connections.of(chat)?.limits
    if (limits === undefined) return file
    if (leftOutWords(file, limits, options.label(chat)) !== undefined) return undefined
    const words = sayable(markdown).trim()
    const isAlone = alone && fits(`${words}${noSoundWords}`, limits.textLengthMax, limits.linesMax ?? Number.POSITIVE_INFINITY) && (await deliveries.byKey(tx, deliveryKey(owner, 0))) === undefined
    return isAlone ? { ...file, instead: words } : file
  }

  /** Whether the words are short enough to stand beside a file. Longer ones go before it. */
  const goesBeside = (chat: ChatRef, words: string): boolean => words.length <= (connections.of(chat)?.limits.files?.captionMax ?? 0)

  function queue(row: StoredDelivery, untried: boolean): void {
    lanes.push(placeKey(row.chat), () => deliver(row.id, untried))
  }

  interface Settled { state: 'sent' | 'ambiguous' | 'failed'; platformId?: PlatformMessageId; error?: string }

  async function settle(row: StoredDelivery, facts: Settled): Promise<void> {
    await store.transaction(async (tx) => {
      await deliveries.save(tx, row.id, { ...facts, attempts: row.attempts, resends: row.resends, settled: true, keepsFile: facts.state !== 'failed' && row.file !== undefined && options.files.stay(row.chat) })
      const all = row.turnId !== null ? await deliveries.ofTurn(tx, row.turnId) : row.inboxId !== null ? await deliveries.ofInbox(tx, row.inboxId) : []
      const now = all.map((each) => (each.id === row.id ? { ...each, state: facts.state, error: facts.error ?? null, settledAt: clock.now() } : each))
      if (now.every((each) => each.settledAt !== null)) await options.settled(tx, { ...row, state: facts.state, error: facts.error ?? null }, now)
    })
    ours.delete(row.id)
    standing.delete(row.id)
    if (row.file !== undefined) letGo(files.drop(row.file.sha256))
    const done = { ...row, state: facts.state, platformId: facts.platformId ?? row.platformId, error: facts.error ?? null, settledAt: clock.now() }
    waiters.get(row.id)?.forEach((resolve) => resolve(done))
    waiters.delete(row.id)
    if (facts.state !== 'sent') log.warn('A delivery ended without certainty or failed.', { delivery: row.id, state: facts.state, error: facts.error ?? '' })
  }

  /** Waits `ms`, or until the gateway stops (then false). */
  function pause(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      if (closing.signal.aborted) return resolve(false)
      const stop = (): void => { cancel(); resolve(false) }
      const cancel = clock.after(ms, () => { closing.signal.removeEventListener('abort', stop); resolve(true) })
      closing.signal.addEventListener('abort', stop, { once: true })
    })
  }

  /** Resolves true once the place can be reached, false when the gateway stops or `ms` have passed before that. */
  function whenUp(chat: ChatRef, ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      if (closing.signal.aborted) return resolve(false)
      if (connections.of(chat) !== undefined) return resolve(true)
      const finish = (up: boolean): void => {
        off()
        cancel()
        closing.signal.removeEventListener('abort', stop)
        resolve(up)
      }
      const stop = (): void => finish(false)
      const off = connections.onUp((channel, account) => {
        if (channel === chat.channel && account === chat.account) finish(true)
      })
      const cancel = clock.after(ms, () => finish(false))
      closing.signal.addEventListener('abort', stop, { once: true })
    })
  }

  /** The network's own wish counts where it is one; a pause of nothing would be a storm. */
  const backoff = (attempts: number, wish?: number): number =>
    wish !== undefined && Number.isFinite(wish) && wish >= 0 ? Math.min(Math.max(wish, 100), retryForMs) : Math.min(retryMaxMs, retryBaseMs * 2 ** Math.min(attempts, 10)) * (0.9 + 0.2 * options.random())

  /** What one delivery task knows beyond the row. */
  interface Progress {
    /** It is certain that nothing arrived yet. */
    certain: boolean
    /** An uncertain attempt of a gateway that died says nothing of the line; one of our own is repeated once. */
    cause: 'crash' | 'line'
    repeated: boolean
    /** How it ended, once it did: kept here when the store can't be told, so that it is not sent again for that. */
    end: Settled | undefined
    /** It has waited before sending again what a dead gateway may have sent. */
    waited: boolean
  }

  /** Sends one part until it is settled. The whole life of a delivery is this loop. */
  async function deliver(id: DeliveryId, untried: boolean): Promise<void> {
    // A live preview that began to send this part after it was queued here has taken it out of `ours`.
    const progress: Progress = { certain: untried && ours.has(id), cause: 'crash', waited: false, repeated: false, end: undefined }
    for (let troubles = 0; ;) {
      let wait: number | 'over'
      try {
        wait = await step(id, progress)
        troubles = 0
      } catch (error) {
        if (error instanceof Problem && error.code === 'store-closed') return
        troubles += 1
        log.error('A delivery waits for the store.', { delivery: id, error: describeError(error) })
        wait = backoff(troubles)
      }
      if (wait === 'over' || (wait > 0 && !(await pause(wait)))) return
    }
  }

  /** Takes up again what was kept back. */
  function release(): void {
    for (const { row, untried } of kept.splice(0)) queue(row, untried)
  }

  /** One step of a delivery: resolves with how long to wait before the next. Rejects when the store fails. */
  async function step(id: DeliveryId, progress: Progress): Promise<number | 'over'> {
    if (closing.signal.aborted) return 'over'
    const row = await deliveries.get(store.read, id)
    if (row === undefined || row.settledAt !== null) return 'over'
    row.platformId ??= standing.get(id) ?? null
    const end = async (facts: Settled): Promise<'over'> => {
      progress.end = facts
      await settle(row, facts)
      return 'over'
    }
    if (progress.end !== undefined) return end(progress.end)
    if (options.holds(row)) {
      kept.push({ row, untried: progress.certain })
      // Certainly not tried: a gateway that dies now must not take it for uncertain.
      if (progress.certain && row.state === 'sending') await store.transaction((tx) => deliveries.save(tx, row.id, { state: 'queued' }))
      // It may have been released while that was written.
      if (!options.holds(row)) release()
      return 'over'
    }
    const uncertain = row.state !== 'queued' && !progress.certain && row.platformId === null
    const leftMs = row.createdAt + retryForMs - clock.now()
    if (leftMs < 0) return end(uncertain ? { state: 'ambiguous', error: row.error ?? 'it is not known whether it arrived' } : { state: 'failed', error: row.error ?? 'could not be sent for a day' })
    const connection = connections.of(row.chat)
    if (connection === undefined) return (await whenUp(row.chat, leftMs + 1)) || !closing.signal.aborted ? 0 : 'over'
    // What stands there may be the half words of a preview.
    const mayDiffer = uncertain && row.turnId !== null && row.part === 0 && connection.edit !== undefined
    if (row.state === 'queued') await store.transaction((tx) => deliveries.save(tx, row.id, { state: 'sending' }))
    if (uncertain) {
      if (progress.cause === 'crash' && !progress.waited && row.resends >= promptResends) {
        progress.waited = true
        return Math.min(retryMaxMs, 1_000 * 2 ** (row.resends - promptResends + 1))
      }
      const found = await reconcile(connection, row, progress.cause === 'crash' ? row.resends < resendsMax : !progress.repeated)
      switch (found.kind) {
        case 'sent':
          if (!mayDiffer) return end({ state: 'sent', platformId: found.id })
          standing.set(id, found.id)
          row.platformId = found.id
          break
        case 'unclear':
          row.attempts += 1
          await store.transaction((tx) => deliveries.save(tx, row.id, { state: 'sending', attempts: row.attempts, error: 'it could not be looked up whether it arrived' }))
          return backoff(row.attempts)
        case 'give-up': return end({ state: 'ambiguous', error: row.error ?? 'it is not known whether it arrived' })
        case 'again':
          row.resends += 1
          row.resent = true
          progress.repeated = progress.cause === 'line'
          await store.transaction((tx) => deliveries.save(tx, row.id, { state: 'sending', resends: row.resends }))
          break
        case 'send': break
        default: return unreachable(found)
      }
    }
    row.attempts += 1
    try {
      const wasNew = row.platformId === null
      let platformId = await attempt(connection, row)
      if (mayDiffer && wasNew && connection.limits.nonce) {
        // The network may have taken this for a repetition of the preview and kept the preview's words.
        standing.set(id, platformId)
        row.platformId = platformId
        platformId = await attempt(connection, row)
      }
      progress.end = { state: 'sent', platformId }
    } catch (error) {
      if (!(error instanceof SendProblem)) throw error
      if (error.outcome === 'never') {
        const { file } = row
        if (file?.instead === undefined) return end({ state: 'failed', error: error.message })
        const words = `${file.instead}${noSoundWords}`
        await store.transaction((tx) => deliveries.sayInstead(tx, row.id, words))
        log.warn('A network did not take an answer as a sound; its words go out.', { delivery: row.id, error: error.message })
        letGo(files.drop(file.sha256))
        progress.certain = true
        return 0
      }
      progress.certain = error.outcome === 'not-sent'
      progress.cause = 'line'
      const wait = Math.min(backoff(row.attempts, error.retryAfterMs), leftMs + 1)
      await store.transaction((tx) => deliveries.save(tx, row.id, { state: progress.certain ? 'queued' : 'sending', attempts: row.attempts, resends: row.resends, error: error.message, dueAt: Math.round(clock.now() + wait) }))
      return wait
    }
    return end(progress.end)
  }

  /** What to do about a part that may have arrived. A history that can't be read just now says nothing. */
  async function reconcile(connection: Connection, row: StoredDelivery, mayRepeat: boolean): Promise<{ kind: 'sent'; id: PlatformMessageId } | { kind: 'send' } | { kind: 'again' } | { kind: 'give-up' } | { kind: 'unclear' }> {
    if (connection.limits.nonce) return { kind: 'send' }
    const { findSent } = connection
    if (findSent === undefined) return mayRepeat ? { kind: 'again' } : { kind: 'give-up' }
    try {
      const id = await withDeadline(() => findSent.call(connection, row.chat, row.key, row.createdAt), sendDeadlineMs)
      return id === undefined ? { kind: 'send' } : { kind: 'sent', id }
    } catch (error) {
      log.warn('It could not be looked up whether a message arrived.', { delivery: row.id, error: describeError(error) })
      return { kind: 'unclear' }
    }
  }

  /** What of a part this connection takes. A file it doesn't take is told in words, and one that is gone can't be sent by anyone. */
  async function contentFor({ limits }: Connection, row: StoredDelivery): Promise<{ words: string; file?: OutgoingMessage['file'] }> {
    const { file } = row
    if (file === undefined) return { words: row.markdown }
    const instead = leftOutWords(file, limits, options.label(row.chat))
    if (instead !== undefined) return { words: file.instead ?? (row.markdown === '' ? instead : `${row.markdown}\n\n${instead}`) }
    const bytes = await files.read(file.sha256)
    if (bytes === undefined) throw new SendProblem('never', `the file “${file.fileName}” is no longer there`)
    const { sha256: _hash, instead: _words, ...facts } = file
    return { words: row.markdown, file: { ...facts, bytes: async () => bytes } }
  }

  /** One try with a deadline. A message whose id is known is edited in place. Fails with a `SendProblem`, or as the store does. */
  async function attempt(connection: Connection, row: StoredDelivery): Promise<PlatformMessageId> {
    const { words, file } = await contentFor(connection, row)
    const buttons = buttonsFor(row.buttons, connection.limits)
    const message = (): OutgoingMessage => ({
      key: row.key, markdown: words, ...(row.replyTo === null ? {} : { replyTo: row.replyTo }), ...(file === undefined ? {} : { file }), ...(buttons === undefined ? {} : { buttons }),
    })
    const edit = connection.edit
    const known = row.platformId
    if (known !== null && edit !== undefined) {
      try {
        await withDeadline((signal) => edit.call(connection, row.chat, known, message(), signal), sendDeadlineMs)
        return known
      } catch (error) {
        if (!(error instanceof SendProblem && error.outcome === 'never')) throw error
      }
      // It can't be edited (any more): the whole words go out as a new message, and the half ones do not stay beside them.
      await withDeadline(async (signal) => connection.remove?.(row.chat, known, signal), sendDeadlineMs).catch(() => undefined)
      // Under its old key a network with a nonce would take the new message for the one that is gone.
      const key = connection.limits.nonce ? deliveryKey(row.key, row.part) : row.key
      await store.transaction((tx) => deliveries.forgetPlatformId(tx, row.id, key))
      standing.delete(row.id)
      row.platformId = null
      row.key = key
    }
    return withDeadline((signal) => connection.send(row.chat, message(), signal), sendDeadlineMs + (file === undefined ? 0 : Math.ceil(file.sizeBytes / uploadBytesPerMs)))
  }

  /** Whatever a channel throws that does not say what is certain counts as uncertain. */
  function withDeadline<T>(run: (signal: AbortSignal) => Promise<T>, ms: number): Promise<T> {
    const controller = new AbortController()
    return new Promise<T>((resolve, reject) => {
      const cancel = clock.after(ms, () => {
        reject(new SendProblem('unknown', `no answer within ${Math.round(ms / 1000)} s`))
        controller.abort()
      })
      const started = (async () => run(controller.signal))()
      started.then(resolve, (error: unknown) => reject(error instanceof SendProblem ? error : new SendProblem('unknown', describeError(error), { cause: error }))).finally(cancel)
    })
  }

  /** Shows an answer while it is written, where the place can be edited; and that we are working, where it can be shown. */
  function preview(turn: ReplyTarget, commit: (also: (tx: Tx) => Promise<void>) => Promise<void>, { quiet = false, plain = (words) => words }: PreviewWishes = {}): Preview {
    let text = ''
    /** What of it stands, whatever becomes of the answer that is being written. */
    let whole = ''
    let shown = ''
    let ended = false
    let row: StoredDelivery | undefined
    let nextAt = clock.now() + previewEveryMs
    let cancel: (() => void) | undefined
    const place = placeKey(turn.chat)

    const typing = (): void => {
      if (ended) return
      const connection = connections.of(turn.chat)
      void (async () => connection?.typing?.(turn.chat))().catch(() => undefined)
      clock.after(typingEveryMs, typing)
    }
    typing()

    const update = async (): Promise<void> => {
      const connection = connections.of(turn.chat)
      const words = sayable(plain(text)).trim()
      if (ended || connection?.edit === undefined || words === shown || words.length > limitsOf(turn.chat).max) return
      const every = Math.max(previewEveryMs, connection.limits.editEveryMs ?? 0)
      const message: OutgoingMessage = { key: deliveryKey(turn.id, 0), markdown: words, ...(turn.chat.kind === 'direct' ? {} : { replyTo: turn.replyTo }) }
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
          known.platformId = await withDeadline((signal) => connection.send(turn.chat, message, signal), sendDeadlineMs)
          standing.set(known.id, known.platformId)
          await store.transaction((tx) => deliveries.save(tx, known.id, { state: 'sending', platformId: known.platformId }))
        } else {
          await withDeadline((signal) => (connection.edit as NonNullable<Connection['edit']>)(turn.chat, known.platformId as PlatformMessageId, message, signal), sendDeadlineMs)
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
    const enabled = !quiet && options.streaming(turn.chat) && connections.of(turn.chat)?.edit !== undefined
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
    return new Promise((resolve, reject) => {
      waiters.set(last.id, [...(waiters.get(last.id) ?? []), resolve])
      // It may have been settled between the commit and now.
      deliveries.get(store.read, last.id).then((now) => { if (now !== undefined && now.settledAt !== null) resolve(now) }, reject)
    })
  }

  /** Keeps the bytes before any row names them, and lets go of them when no row does. */
  async function sendFile(request: Parameters<OutboxDoor['send']>[0], given: GivenFile): Promise<DeliveryRow> {
    const { file, release } = await files.keep(given)
    try {
      return await send(request, file)
    } finally {
      letGo(release())
    }
  }

  const letGo = (work: Promise<void>): void => void work.catch((error: unknown) => log.warn('Files nobody needs any more could not be removed; they are at the next start.', { error: describeError(error) }))

  const door: OutboxDoor = {
    send: (request) => (request.file === undefined ? send(request, undefined) : sendFile(request, request.file)),
    async openFile(id) {
      const row = await deliveries.get(store.read, id)
      const bytes = row?.file === undefined || !options.files.stay(row.chat) ? undefined : await files.read(row.file.sha256)
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
    release,
    find: deliveries.find,
    async forget(tx: Tx, owners: Parameters<typeof deliveries.forget>[1]): Promise<void> {
      await deliveries.forget(tx, owners)
      tx.afterCommit(() => letGo(files.sweep()))
    },
    /** What `send` wrote under this key. */
    ofSend: (principal: PrincipalId, key: string): Promise<DeliveryRow | undefined> => deliveries.byKey(store.read, deliveryKey(`send/${principal}/${key}`, 0)),
    preview,
    /** Writes a turn's answer. The place and what it answers to were fixed when the message was accepted. `spoken`: kept before, and held until this is committed. */
    answer: (tx: Tx, turn: ReplyTarget, markdown: string, spoken?: SpokenAnswer): Promise<DeliveryRow[]> =>
      write(tx, { owner: turn.id, turnId: turn.id, inboxId: null, principal: turn.principal.id, chat: turn.chat, replyTo: turn.chat.kind === 'direct' ? null : turn.replyTo, markdown, ...(spoken === undefined ? {} : { spoken }) }),
    /** Keeps a file before any row names it. Rejects with a `Problem`. */
    keep: (given: GivenFile): Promise<HeldFile> => files.keep(given),
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
    /** Takes away the buttons of questions that are over. What can't be reached for a minute keeps them until this is asked again: tapped, they say what they say. */
    async endButtons(isOver: (buttons: readonly OutgoingButton[]) => boolean): Promise<void> {
      const over = (await deliveries.withButtons()).filter(({ buttons }) => buttons !== undefined && isOver(buttons))
      for (const { id, chat } of over) {
        lanes.push(placeKey(chat), async () => {
          if (connections.of(chat) === undefined) await whenUp(chat, buttonsPatienceMs)
          const row = await deliveries.get(store.read, id)
          const connection = connections.of(chat)
          const { edit } = connection ?? {}
          const stands = row?.platformId
          if (row?.buttons === undefined || connection === undefined || closing.signal.aborted) return
          try {
            if (edit !== undefined && connection.limits.buttons !== undefined && stands != null) await withDeadline((signal) => edit.call(connection, chat, stands, { key: row.key, markdown: row.markdown }, signal), sendDeadlineMs)
          } catch (error) {
            log.debug('The buttons of a question stay.', { delivery: id, error: describeError(error) })
            if (!(error instanceof SendProblem && error.outcome === 'never')) return
          }
          await store.transaction((tx) => deliveries.endButtons(tx, id))
        })
      }
    },
    /** Takes back a preview whose turn ended without words. */
    async withdraw(turn: Pick<ReplyTarget, 'id' | 'chat'>): Promise<void> {
      const draft = (await deliveries.ofTurn(store.read, turn.id)).find((row) => row.draft && row.settledAt === null)
      if (draft === undefined) return
      const untried = ours.has(draft.id)
      lanes.push(placeKey(turn.chat), async () => {
        const leftMs = draft.createdAt + retryForMs - clock.now()
        if (connections.of(turn.chat) === undefined && leftMs > 0) await whenUp(turn.chat, leftMs)
        if (closing.signal.aborted) return
        const now = await deliveries.get(store.read, draft.id)
        if (now === undefined || now.settledAt !== null) return
        const connection = connections.of(turn.chat)
        let id = now.platformId ?? standing.get(draft.id)
        if (id === undefined && now.state === 'sending' && !(untried && ours.has(draft.id)) && connection?.findSent !== undefined) {
          id = await withDeadline(async () => connection.findSent?.(turn.chat, now.key, now.createdAt), sendDeadlineMs).catch(() => undefined)
        }
        const stands = id
        if (stands !== undefined) await withDeadline(async (signal) => connection?.remove?.(turn.chat, stands, signal), sendDeadlineMs).catch(() => undefined)
        await store.transaction((tx) => deliveries.save(tx, draft.id, { state: 'failed', error: 'withdrawn: the turn ended without words', settled: true }))
        ours.delete(draft.id)
        standing.delete(draft.id)
      })
    },
    /** Live previews that nobody completed yet. */
    previews: (): Promise<DeliveryRow[]> => deliveries.drafts(),
    /** Takes up everything that is not settled. Called once at start, before channels connect; unfinished previews wait for their turn. */
    async resume(): Promise<number> {
      letGo(files.sweep())
      const open = await deliveries.open()
      for (const row of open) if (!row.draft) queue(row, false)
      return open.length
    },
    /** Sends nothing more; what is being sent is waited for, at most `graceMs`. The rest stays for the next start. */
    async close(graceMs: number): Promise<void> {
      closing.abort()
      await Promise.race([lanes.idle(), new Promise<void>((resolve) => { clock.after(graceMs, resolve) })])
    },
  }
}
export type OutboxRoom = ReturnType<typeof createOutbox>

/** The Markdown parser is loaded by the first text that has to be cut. */
async function partsOf(markdown: string, max: number, linesMax: number): Promise<string[]> {
  const text = sayable(markdown).trim()
  if (text === '') return []
  return fits(text, max, linesMax) ? [text] : (await import('./split.ts')).splitMarkdown(text, max, linesMax)
}
