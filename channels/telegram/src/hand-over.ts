import { Problem, type ChannelHost, type IncomingMessage } from '@moltbot/contract'
import type { Update } from 'grammy/types'
import { understandUpdate, type Self, type Understood } from './incoming.ts'

/** Telegram cuts long texts at 4,096 characters; a part this long probably has a successor. */
const cutTextLength = 4_000
const joinedPartsMax = 12
const joinedTextMax = 50_000
/** How long to wait for the next part of a text, and for the next picture of an album, ms. */
const textPatienceMs = 1_500
const albumPatienceMs = 500
/** Parts of one text carry Telegram's time in whole seconds: 1.5 s can look like 2. */
const textSpreadMs = 2_000

type Incoming = Extract<Understood, { kind: 'message' }>

interface Waiting { understood: Understood; resolve: () => void; reject: (error: unknown) => void }
interface Group { kind: 'text' | 'album'; parts: (Waiting & { understood: Incoming })[]; cancel: () => void }
/** What happens in one chat, strictly one after the other. */
interface Lane { queue: (() => Promise<void>)[]; waiting: Set<Waiting>; group: Group | undefined; busy: boolean }

export interface HandOver {
  /**
   * Resolves once what the update says is durable, or known to be nothing. Rejects when it could not be written down; then
   * everything taken for the same chat since rejects too, because it must not overtake: take all of it again, in order.
   */
  take(update: Update): Promise<void>
  /** Waits for what is being handed over; what still waits for further parts is rejected, and so delivered again. */
  close(): Promise<void>
  /** When the oldest running hand-over began; undefined when none is running. */
  busySince(): number | undefined
}

export interface HandOverOptions {
  host: ChannelHost
  self: Self
  /** Whether pieces Telegram cut apart are awaited and joined. Off where the next piece only comes after this one is acknowledged. */
  join: boolean
  fetchFile(fileId: string, sizeBytes: number): Promise<string | undefined>
  /** Called after the press is durable. */
  answerPress(id: string): void
}

/** Hands updates to the gateway, in order within a chat, chats side by side, joining what Telegram cut apart. */
export function createHandOver({ host, self, join, fetchFile, answerPress }: HandOverOptions): HandOver {
  const lanes = new Map<string, Lane>()
  const running = new Map<Promise<void>, number>()
  let closed = false

  function laneOf(key: string): Lane {
    let lane = lanes.get(key)
    if (lane === undefined) {
      lane = { queue: [], waiting: new Set(), group: undefined, busy: false }
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
    return new Promise<void>((resolve, reject) => {
      const lane = laneOf(understood.lane)
      const waiting: Waiting = { understood, resolve, reject }
      lane.waiting.add(waiting)
      place(lane, understood.lane, waiting)
    })
  }

  /** Puts one update into its lane: into the open group, or behind it. */
  function place(lane: Lane, key: string, waiting: Waiting): void {
    const { understood } = waiting
    if (understood.kind === 'message' && join) {
      const piece = understood as Incoming
      const part = { ...waiting, understood: piece }
      if (lane.group !== undefined && continues(lane.group, piece)) {
        lane.group.parts.push(part)
        lane.group.cancel()
        lane.waiting.add(part)
        lane.waiting.delete(waiting)
        awaitMore(lane, key, lane.group)
        return
      }
      closeGroup(lane, key)
      if (begins(piece)) {
        lane.waiting.add(part)
        lane.waiting.delete(waiting)
        lane.group = { kind: piece.piece?.kind ?? 'text', parts: [part], cancel: () => {} }
        awaitMore(lane, key, lane.group)
        return
      }
    } else {
      closeGroup(lane, key)
    }
    enqueue(lane, key, [waiting], () => deliver(understood))
  }

  /** Waits for the next part, unless this one shows that it was the last. */
  function awaitMore(lane: Lane, key: string, group: Group): void {
    const last = group.parts.at(-1)
    const complete = group.kind === 'text' && ((last?.understood.message.text.length ?? 0) < cutTextLength || group.parts.length >= joinedPartsMax)
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
    enqueue(lane, key, group.parts, () => deliverJoined(group.parts.map((part) => part.understood)))
  }

  function enqueue(lane: Lane, key: string, owners: Waiting[], work: () => Promise<void>): void {
    lane.queue.push(async () => {
      await work()
      for (const owner of owners) {
        lane.waiting.delete(owner)
        owner.resolve()
      }
    })
    if (!lane.busy) void drain(lane, key)
  }

  async function drain(lane: Lane, key: string): Promise<void> {
    lane.busy = true
    for (let next = lane.queue.shift(); next !== undefined; next = lane.queue.shift()) {
      const work = next()
      running.set(work, host.clock.now())
      try {
        await work
      } catch (error) {
        fail(lane, error)
      } finally {
        running.delete(work)
      }
    }
    lane.busy = false
    if (lane.waiting.size === 0) lanes.delete(key)
  }

  /** Nothing may overtake what failed: everything behind it fails with it. */
  function fail(lane: Lane, error: unknown): void {
    lane.group?.cancel()
    lane.group = undefined
    lane.queue.length = 0
    const all = [...lane.waiting]
    lane.waiting.clear()
    for (const waiting of all) waiting.reject(error)
  }

  async function deliver(understood: Understood): Promise<void> {
    if (understood.kind === 'notice') return host.notice(understood.notice)
    if (understood.kind === 'nothing') return
    await addFile(understood)
    await host.receive(understood.message)
    if (understood.callback !== undefined) answerPress(understood.callback)
  }

  async function deliverJoined(parts: Incoming[]): Promise<void> {
    const [first, ...others] = parts
    if (first === undefined) return
    if (others.length === 0) return deliver(first)
    await Promise.all(parts.map(addFile))
    const receipt = await host.receive(joinParts(first.message, others.map((part) => part.message)))
    // Known already, perhaps joined from fewer parts before a crash: each further part on its own, so that none is lost.
    if (receipt.kind === 'duplicate') for (const part of others) await host.receive(part.message)
  }

  async function addFile(part: Incoming): Promise<void> {
    const attachment = part.file === undefined ? undefined : part.message.attachments[part.file.attachment]
    if (part.file === undefined || attachment === undefined || attachment.data !== undefined) return
    const data = await fetchFile(part.file.fileId, part.file.sizeBytes)
    if (data !== undefined) attachment.data = data
  }

  return {
    take,
    async close() {
      closed = true
      for (const lane of lanes.values()) {
        const { group } = lane
        lane.group = undefined
        group?.cancel()
        for (const part of group?.parts ?? []) {
          lane.waiting.delete(part)
          part.reject(new Problem('telegram-closing', 'The connection is being closed.'))
        }
      }
      while (running.size > 0) await Promise.allSettled(running.keys())
    },
    busySince: () => (running.size === 0 ? undefined : Math.min(...running.values())),
  }
}

function begins({ piece, message }: Incoming): boolean {
  return piece?.kind === 'album' || (piece?.kind === 'text' && message.text.length >= cutTextLength)
}

function continues(group: Group, { piece, message }: Incoming): boolean {
  const last = group.parts.at(-1)?.understood
  if (last === undefined || piece?.kind !== group.kind) return false
  if (last.message.sender.id !== message.sender.id || last.message.chat.thread !== message.chat.thread) return false
  if (piece.kind === 'album') return last.piece?.kind === 'album' && last.piece.group === piece.group
  const length = group.parts.reduce((sum, part) => sum + part.understood.message.text.length, 0) + message.text.length
  return Number(message.id) === Number(last.message.id) + 1 && Math.abs(message.sentAt - last.message.sentAt) <= textSpreadMs && length <= joinedTextMax
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
  return joined
}
