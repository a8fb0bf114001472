import { Problem, formattedWords, type ChannelHost, type IncomingMessage } from '@moltbot/contract'
import type { Update } from 'grammy/types'
import type { HoldingPlace } from './holding-place.ts'
import { understandUpdate, type Self, type Understood, type Written } from './incoming.ts'

/** Telegram cuts long texts at 4,096 characters; a part this long probably has a successor. */
const cutTextLength = 4_000
const joinedPartsMax = 12
const joinedTextMax = 50_000
/** How long to wait for the next part of a text, and for the next picture of an album, ms. */
const textPatienceMs = 1_500
const albumPatienceMs = 500
/** Parts of one text carry Telegram's time in whole seconds: 1.5 s can look like 2. */
const textSpreadMs = 2_000
/** Pause before held parts are handed over again; it doubles up to the longest. */
const againAfterMs = 400
const againAfterMaxMs = 30_000

type Incoming = Extract<Understood, { kind: 'message' }>

interface Waiting {
  understood: Understood
  update: Update
  /** `open`: nobody knows of it but Telegram. `held`: it is acknowledged and in the holding place. `rejected`: Telegram brings it again. */
  state: 'open' | 'held' | 'rejected'
  resolve: () => void
  reject: (error: unknown) => void
}
interface Part extends Waiting { understood: Incoming }
interface Group { kind: 'text' | 'album'; parts: Part[]; cancel: () => void }
interface Task { owners: Waiting[]; work: () => Promise<void> }
/** What happens in one chat, strictly one after the other. `stuck`: held parts could not be handed over and are tried again; nothing may overtake them. */
interface Lane { queue: Task[]; waiting: Set<Waiting>; group: Group | undefined; busy: boolean; stuck: { cancel: () => void } | undefined; failures: number }

export interface HandOver {
  /**
   * Resolves once what the update says is durable, or known to be nothing. Rejects when it could not be written down; then
   * everything taken for the same chat since rejects too, because it must not overtake: take all of it again, in order.
   */
  take(update: Update): Promise<void>
  /** Takes up what an earlier connection held. Call once, before anything is taken; never rejects. */
  recall(): Promise<void>
  /** Waits for what is being handed over; what still waits for further parts is rejected, and so delivered again, or stays held for the next start. */
  close(): Promise<void>
  /** When the oldest running hand-over began; undefined when none is running. */
  busySince(): number | undefined
}

export interface HandOverOptions {
  host: ChannelHost
  self: Self
  /** Where acknowledged pieces wait. Absent: nowhere. */
  hold?: HoldingPlace
  /** Whether a piece is acknowledged once it is held, because the next one comes only then (webhook). Else pieces wait unacknowledged. */
  holdPieces: boolean
  /** Whether pieces Telegram cut apart are awaited and joined. */
  join: boolean
  fetchFile(fileId: string, sizeBytes: number): Promise<string | undefined>
  /** Called after the press is durable. */
  answerPress(id: string): void
  /** Called after the message is durable. */
  onSticker(chat: string, emoji: string, fileId: string): void
}

/** Hands updates to the gateway, in order within a chat, chats side by side, joining what Telegram cut apart. */
export function createHandOver({ host, self, join, hold, holdPieces, fetchFile, answerPress, onSticker }: HandOverOptions): HandOver {
  const lanes = new Map<string, Lane>()
  const running = new Map<Promise<void>, number>()
  let closed = false
  /** Off when the holding place could not be read: what stands there must not be written over. */
  let mayHold = holdPieces

  function laneOf(key: string): Lane {
    let lane = lanes.get(key)
    if (lane === undefined) {
      lane = { queue: [], waiting: new Set(), group: undefined, busy: false, stuck: undefined, failures: 0 }
      lanes.set(key, lane)
    }
    return lane
  }

  function read(update: Update): Understood {
    try {
      return understandUpdate(update, self, host.account)
    } catch (error) {
      // A shape nobody documented must not stall everyone's messages behind it.
      return { kind: 'nothing', reason: `an update that could not be understood (${error instanceof Error ? error.message : 'unknown'})`, worth: 'warn' }
    }
  }

  function take(update: Update): Promise<void> {
    const understood = read(update)
    if (understood.kind === 'nothing') {
      host.log[understood.worth](`telegram: ${understood.reason}`, { update: update.update_id })
      return Promise.resolve()
    }
    if (closed) return Promise.reject(new Problem('telegram-closing', 'The connection is being closed.'))
    // It came again because its acknowledgement was lost.
    if (hold?.has(update.update_id) === true) return Promise.resolve()
    return new Promise<void>((resolve, reject) => {
      const lane = laneOf(understood.lane)
      if (lane.stuck !== undefined) return reject(new Problem('telegram-stuck', 'An earlier message of this chat could not be written down yet.'))
      const waiting: Waiting = { understood, update, state: 'open', resolve, reject }
      lane.waiting.add(waiting)
      place(lane, understood.lane, waiting)
    })
  }

  async function recall(): Promise<void> {
    if (hold === undefined) return
    try {
      for (const update of await hold.recall()) {
        const understood = read(update)
        if (understood.kind === 'nothing') hold.release([update.update_id])
        else place(laneOf(understood.lane), understood.lane, { understood, update, state: 'held', resolve: () => {}, reject: () => {} })
      }
    } catch (error) {
      mayHold = false
      host.log.warn('telegram: pieces of long texts could not be kept apart from the others; they come as messages of their own', { error: error instanceof Error ? error.message : String(error) })
    }
  }

  /** Puts one update into its lane: into the open group, or behind it. */
  function place(lane: Lane, key: string, waiting: Waiting): void {
    const { understood } = waiting
    if (understood.kind === 'message' && join) {
      const part = waiting as Part
      if (lane.group !== undefined && continues(lane.group, part.understood)) {
        lane.group.parts.push(part)
        lane.group.cancel()
        keepPart(lane, key, part)
        awaitMore(lane, key, lane.group)
        return
      }
      closeGroup(lane, key)
      if (begins(part.understood)) {
        lane.group = { kind: part.understood.piece?.kind ?? 'text', parts: [part], cancel: () => {} }
        keepPart(lane, key, part)
        awaitMore(lane, key, lane.group)
        return
      }
    } else {
      closeGroup(lane, key)
    }
    enqueue(lane, key, { owners: [waiting], work: () => deliver(understood) })
  }

  /** Acknowledges a part as soon as it is held. One that cannot be held waits, and is acknowledged with its group. */
  function keepPart(lane: Lane, key: string, part: Part): void {
    if (hold === undefined || !mayHold || part.state !== 'open') return
    hold.keep(part.update).then(() => {
      // It was given up, or handed over, while it was being written.
      if (part.state === 'rejected' || !lane.waiting.has(part)) return hold.release([part.update.update_id])
      part.state = 'held'
      lane.waiting.delete(part)
      part.resolve()
      // Only now can the next part come.
      if (lane.group?.parts.at(-1) === part) {
        lane.group.cancel()
        awaitMore(lane, key, lane.group)
      }
    }, (error: unknown) => host.log.info('telegram: a piece could not be held for the next one', { update: part.update.update_id, error: error instanceof Error ? error.message : String(error) }))
  }

  /** Waits for the next part, unless this one shows that it was the last. */
  function awaitMore(lane: Lane, key: string, group: Group): void {
    const last = group.parts.at(-1)
    const complete = group.kind === 'text' && ((last === undefined ? 0 : lengthOf(last.understood)) < cutTextLength || group.parts.length >= joinedPartsMax)
    if (complete) return closeGroup(lane, key)
    group.cancel = host.clock.after(group.kind === 'text' ? textPatienceMs : albumPatienceMs, () => {
      if (lane.group === group) closeGroup(lane, key)
    })
  }

  function closeGroup(lane: Lane, key: string): void {
    const { group } = lane
    if (group === undefined) return
    group.cancel()
    lane.group = undefined
    enqueue(lane, key, joined(group.parts))
  }

  const joined = (parts: Part[]): Task => ({ owners: parts, work: () => deliverJoined(parts.map((part) => part.understood)) })

  function enqueue(lane: Lane, key: string, task: Task): void {
    lane.queue.push(task)
    if (!lane.busy) void drain(lane, key)
  }

  async function drain(lane: Lane, key: string): Promise<void> {
    lane.busy = true
    for (let task = lane.queue.shift(); task !== undefined; task = lane.queue.shift()) {
      const { owners } = task
      const work = task.work()
      running.set(work, host.clock.now())
      try {
        await work
        lane.failures = 0
        for (const owner of owners) {
          lane.waiting.delete(owner)
          owner.resolve()
        }
        hold?.release(owners.flatMap((owner) => (owner.state === 'held' ? [owner.update.update_id] : [])))
      } catch (error) {
        fail(lane, key, task, error)
      } finally {
        running.delete(work)
      }
    }
    lane.busy = false
    if (lane.waiting.size === 0 && lane.group === undefined && lane.stuck === undefined) lanes.delete(key)
  }

  /** Nothing may overtake what failed: everything behind it fails with it. What is acknowledged already nobody brings again: it is tried again here. */
  function fail(lane: Lane, key: string, failed: Task, error: unknown): void {
    lane.group?.cancel()
    const tasks = [failed, ...lane.queue, ...(lane.group === undefined ? [] : [joined(lane.group.parts)])]
    lane.group = undefined
    lane.queue.length = 0
    const all = [...lane.waiting]
    lane.waiting.clear()
    for (const waiting of all) reject(waiting, error)
    const held = tasks.map(({ owners }) => owners.filter((owner): owner is Part => owner.state === 'held' && owner.understood.kind === 'message')).filter((parts) => parts.length > 0)
    if (held.length === 0 || closed) return
    lane.failures += 1
    host.log.warn('telegram: a message that was taken could not be written down yet; it is tried again', { tries: lane.failures, error: error instanceof Error ? error.message : String(error) })
    const cancel = host.clock.after(Math.min(againAfterMaxMs, againAfterMs * 2 ** Math.min(lane.failures - 1, 16)), () => {
      lane.stuck = undefined
      for (const parts of held) enqueue(lane, key, joined(parts))
    })
    lane.stuck = { cancel }
  }

  function reject(waiting: Waiting, error: unknown): void {
    waiting.state = 'rejected'
    waiting.reject(error)
  }

  async function deliver(understood: Understood): Promise<void> {
    if (understood.kind === 'notice') return host.notice(understood.notice)
    if (understood.kind === 'nothing') return
    await addFile(understood)
    const receipt = await host.receive(understood.message)
    if (understood.sticker !== undefined && receipt.kind === 'accepted') onSticker(understood.message.chat.chat, understood.sticker.emoji, understood.sticker.fileId)
    if (understood.callback !== undefined) answerPress(understood.callback)
  }

  async function deliverJoined(parts: Incoming[]): Promise<void> {
    const [first, ...others] = parts
    if (first === undefined) return
    if (others.length === 0) return deliver(first)
    await Promise.all(parts.map(addFile))
    const receipt = await host.receive({ ...joinParts(first.message, others.map((part) => part.message)), ...wordsOfAll(parts) })
    // Known already, perhaps joined from fewer parts before a crash: each further part on its own, so that none is lost.
    if (receipt.kind === 'duplicate') for (const part of others) await host.receive(part.message)
  }

  async function addFile(part: Incoming): Promise<void> {
    const attachment = part.file === undefined ? undefined : part.message.attachments[part.file.attachment]
    if (part.file === undefined || attachment === undefined || attachment.data !== undefined || (attachment.kind === 'video' && host.films !== true)) return
    const data = await fetchFile(part.file.fileId, part.file.sizeBytes)
    if (data !== undefined) attachment.data = data
  }

  return {
    take,
    recall,
    async close() {
      closed = true
      for (const lane of lanes.values()) {
        const { group } = lane
        lane.group = undefined
        lane.stuck?.cancel()
        group?.cancel()
        for (const part of group?.parts ?? []) {
          if (part.state !== 'open') continue
          lane.waiting.delete(part)
          reject(part, new Problem('telegram-closing', 'The connection is being closed.'))
        }
      }
      while (running.size > 0) await Promise.allSettled(running.keys())
      await hold?.idle()
    },
    busySince: () => (running.size === 0 ? undefined : Math.min(...running.values())),
  }
}

function begins({ piece, message }: Incoming): boolean {
  return piece?.kind === 'album' || (piece?.kind === 'text' && lengthOf({ piece, message }) >= cutTextLength)
}

/** As Telegram counts, before marks were written. */
const lengthOf = ({ piece, message }: Pick<Incoming, 'piece' | 'message'>): number => (piece?.kind === 'text' ? piece.words?.text.length : undefined) ?? message.text.length

function continues(group: Group, { piece, message }: Incoming): boolean {
  const last = group.parts.at(-1)?.understood
  if (last === undefined || piece?.kind !== group.kind) return false
  if (last.message.sender.id !== message.sender.id || last.message.chat.thread !== message.chat.thread) return false
  if (piece.kind === 'album') return last.piece?.kind === 'album' && last.piece.group === piece.group
  const length = group.parts.reduce((sum, part) => sum + part.understood.message.text.length, 0) + message.text.length
  return Number(message.id) === Number(last.message.id) + 1 && Math.abs(message.sentAt - last.message.sentAt) <= textSpreadMs && length <= joinedTextMax
}

/** The words of a text Telegram cut apart, with formatting that goes on over the cuts. Nothing where more than words was told. */
function wordsOfAll(parts: readonly Incoming[]): { text?: string } {
  const all: Written = { text: '', ranges: [] }
  for (const { piece } of parts) {
    if (piece?.kind !== 'text' || piece.words === undefined) return {}
    const shift = all.text.length
    all.ranges.push(...piece.words.ranges.map((range) => ({ ...range, start: range.start + shift })))
    all.text += piece.words.text
  }
  return { text: formattedWords(all.text, all.ranges) }
}

/** One message out of its parts. Texts go together as they were cut; captions of an album each on a line. */
function joinParts(first: IncomingMessage, others: IncomingMessage[]): IncomingMessage {
  const all = [first, ...others]
  const album = all.some((part) => part.attachments.length > 0)
  const joined: IncomingMessage = {
    ...first,
    text: album ? all.map((part) => part.text).filter((text) => text !== '').join('\n') : all.map((part) => part.text).join(''),
    attachments: all.flatMap((part) => part.attachments),
    mentioned: all.some((part) => part.mentioned === 'yes') ? 'yes' : first.mentioned,
    joinedIds: others.map((part) => part.id),
  }
  const quoted = all.find((part) => part.quoted !== undefined)?.quoted
  if (quoted !== undefined) joined.quoted = quoted
  const origin = all.find((part) => part.origin !== undefined)?.origin
  if (origin !== undefined) joined.origin = origin
  return joined
}
