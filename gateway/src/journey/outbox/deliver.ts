import { Problem, SendProblem, describeError, unreachable, type Connection, type DeliveryId, type PlatformMessageId } from '@moltbot/contract'
import { placeKey } from './chat-lanes.ts'
import type { StoredDelivery } from './deliveries.ts'
import type { OutboxDesk } from './desk.ts'
import { lookForPart, sendPart } from './send-part.ts'
import { noSoundWords } from './with-file.ts'

/** A part that could certainly not be sent is tried again for this long, then given up and shown as failed. */
export const retryForMs = 24 * 60 * 60_000
/** A part that was on the wire when a gateway died is sent again; only after this many deaths, a quarter of an hour of them at least, it stays uncertain. */
const resendsMax = 12
/** After so many deaths a part waits longer and longer before it is sent again: a gateway that dies at every start must not flood a chat. */
const promptResends = 3
const retryBaseMs = 400
const retryMaxMs = 30_000

interface Settled { state: 'sent' | 'ambiguous' | 'failed'; platformId?: PlatformMessageId; error?: string }

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

/** Sends parts until it is settled what became of them. */
export interface Delivering {
  /** Sends a part when its place has none before it. `untried`: nobody has tried it yet. */
  queue(row: StoredDelivery, untried: boolean): void
  /** Takes up again what was held back. */
  release(): void
  /** Resolves with the part once it is settled. */
  settled(id: DeliveryId): Promise<StoredDelivery>
}

export function createDelivering(desk: OutboxDesk): Delivering {
  const { store, clock, log, connections, deliveries, keptFiles, lanes, patience, ours, standing } = desk
  const waiters = new Map<DeliveryId, ((row: StoredDelivery) => void)[]>()
  /** Held back, so that they stand in nobody's way in their lane. */
  const heldBack: { row: StoredDelivery; untried: boolean }[] = []

  function queue(row: StoredDelivery, untried: boolean): void {
    lanes.push(placeKey(row.chat), async () => {
      // Our own ways in tell the answer as the turn ends, with the next round of the event loop; what the ledger keeps of it must not hold it up.
      if (connections.of(row.chat)?.door !== undefined) await roundsOfTheLoop(2)
      await deliver(row.id, untried)
    })
  }

  function release(): void {
    for (const { row, untried } of heldBack.splice(0)) queue(row, untried)
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
      if (wait === 'over' || (wait > 0 && !(await patience.pause(wait)))) return
    }
  }

  /** One step of a delivery: resolves with how long to wait before the next. Rejects when the store fails. */
  async function step(id: DeliveryId, progress: Progress): Promise<number | 'over'> {
    if (patience.over()) return 'over'
    const row = await deliveries.get(store.read, id)
    if (row === undefined || row.settledAt !== null) return 'over'
    row.platformId ??= standing.get(id) ?? null
    const end = async (facts: Settled): Promise<'over'> => {
      progress.end = facts
      await settle(row, facts)
      return 'over'
    }
    if (progress.end !== undefined) return end(progress.end)
    if (desk.holds(row)) return holdBack(row, progress)
    const uncertain = row.state !== 'queued' && !progress.certain && row.platformId === null
    const leftMs = row.createdAt + retryForMs - clock.now()
    if (leftMs < 0) return end(uncertain ? notKnown(row) : { state: 'failed', error: row.error ?? 'could not be sent for a day' })
    const connection = connections.of(row.chat)
    if (connection === undefined) return (await patience.whenUp(row.chat, leftMs + 1)) || !patience.over() ? 0 : 'over'
    // What stands there may be the half words of a preview.
    const mayDiffer = uncertain && row.turnId !== null && row.part === 0 && connection.edit !== undefined
    if (row.state === 'queued') await store.transaction((tx) => deliveries.save(tx, row.id, { state: 'sending' }))
    if (uncertain) {
      const next = await clearUp(connection, row, progress, mayDiffer)
      if (typeof next === 'number') return next
      if (next !== 'send') return end(next)
    }
    row.attempts += 1
    try {
      const wasNew = row.platformId === null
      let platformId = await sendPart(desk, connection, row)
      if (mayDiffer && wasNew && connection.limits.nonce) {
        // The network may have taken this for a repetition of the preview and kept the preview's words.
        stands(row, platformId)
        platformId = await sendPart(desk, connection, row)
      }
      progress.end = { state: 'sent', platformId }
    } catch (error) {
      if (!(error instanceof SendProblem)) throw error
      if (error.outcome !== 'never') return later(row, error, progress, leftMs)
      return row.file?.instead === undefined ? end({ state: 'failed', error: error.message }) : sayInstead(row, row.file.sha256, row.file.instead, error, progress)
    }
    return end(progress.end)
  }

  async function holdBack(row: StoredDelivery, { certain }: Progress): Promise<'over'> {
    heldBack.push({ row, untried: certain })
    // Certainly not tried: a gateway that dies now must not take it for uncertain.
    if (certain && row.state === 'sending') await store.transaction((tx) => deliveries.save(tx, row.id, { state: 'queued' }))
    // It may have been released while that was written.
    if (!desk.holds(row)) release()
    return 'over'
  }

  /** What comes next for a part that may have arrived: it is sent, it waits so long, or this is how it ended. */
  async function clearUp(connection: Connection, row: StoredDelivery, progress: Progress, mayDiffer: boolean): Promise<'send' | number | Settled> {
    const pauseMs = Math.min(pauseAfter(row.resends), row.dueAt - clock.now())
    if (progress.cause === 'crash' && !progress.waited && pauseMs > 0) {
      progress.waited = true
      return pauseMs
    }
    const found = await lookForPart(desk, connection, row, progress.cause === 'crash' ? row.resends < resendsMax : !progress.repeated)
    switch (found.kind) {
      case 'sent':
        if (!mayDiffer) return { state: 'sent', platformId: found.id }
        stands(row, found.id)
        return 'send'
      case 'unclear':
        row.attempts += 1
        await store.transaction((tx) => deliveries.save(tx, row.id, { state: 'sending', attempts: row.attempts, error: 'it could not be looked up whether it arrived' }))
        return backoff(row.attempts)
      case 'give-up': return notKnown(row)
      case 'again':
        row.resends += 1
        row.resent = true
        progress.repeated = progress.cause === 'line'
        await store.transaction((tx) => deliveries.save(tx, row.id, { state: 'sending', resends: row.resends, dueAt: clock.now() + pauseAfter(row.resends) }))
        return 'send'
      case 'send': return 'send'
      default: return unreachable(found)
    }
  }

  /** Counted from the try, not from the next start: short lives must not add up to a pause that never ends. */
  function pauseAfter(resends: number): number {
    return resends < promptResends ? 0 : 1_000 * 2 ** (resends - promptResends + 1)
  }

  function stands(row: StoredDelivery, platformId: PlatformMessageId): void {
    standing.set(row.id, platformId)
    row.platformId = platformId
  }

  /** The network does not take an answer as a sound: its words go out. */
  async function sayInstead(row: StoredDelivery, sha256: string, instead: string, error: SendProblem, progress: Progress): Promise<number> {
    await store.transaction((tx) => deliveries.sayInstead(tx, row.id, `${instead}${noSoundWords}`))
    log.warn('A network did not take an answer as a sound; its words go out.', { delivery: row.id, error: error.message })
    desk.letGo(keptFiles.drop(sha256))
    progress.certain = true
    return 0
  }

  async function later(row: StoredDelivery, error: SendProblem, progress: Progress, leftMs: number): Promise<number> {
    progress.certain = error.outcome === 'not-sent'
    progress.cause = 'line'
    const wait = Math.min(backoff(row.attempts, error.retryAfterMs), leftMs + 1)
    await store.transaction((tx) => deliveries.save(tx, row.id, { state: progress.certain ? 'queued' : 'sending', attempts: row.attempts, resends: row.resends, error: error.message, dueAt: Math.round(clock.now() + wait) }))
    return wait
  }

  /** The network's own wish counts where it is one; a pause of nothing would be a storm. */
  function backoff(attempts: number, wish?: number): number {
    return wish !== undefined && Number.isFinite(wish) && wish >= 0 ? Math.min(Math.max(wish, 100), retryForMs) : Math.min(retryMaxMs, retryBaseMs * 2 ** Math.min(attempts, 10)) * (0.9 + 0.2 * desk.random())
  }

  async function settle(row: StoredDelivery, facts: Settled): Promise<void> {
    await store.transaction(async (tx) => {
      await deliveries.save(tx, row.id, { ...facts, attempts: row.attempts, resends: row.resends, settled: true, keepsFile: facts.state !== 'failed' && row.file !== undefined && desk.files.stay(row.chat) })
      const all = row.turnId !== null ? await deliveries.ofTurn(tx, row.turnId) : row.inboxId !== null ? await deliveries.ofInbox(tx, row.inboxId) : []
      const now = all.map((each) => (each.id === row.id ? { ...each, state: facts.state, error: facts.error ?? null, settledAt: clock.now() } : each))
      if (now.every((each) => each.settledAt !== null)) await desk.settled(tx, { ...row, state: facts.state, error: facts.error ?? null }, now)
    })
    ours.delete(row.id)
    standing.delete(row.id)
    if (row.file !== undefined) desk.letGo(keptFiles.drop(row.file.sha256))
    const done = { ...row, state: facts.state, platformId: facts.platformId ?? row.platformId, error: facts.error ?? null, settledAt: clock.now() }
    waiters.get(row.id)?.forEach((resolve) => resolve(done))
    waiters.delete(row.id)
    if (facts.state !== 'sent') log.warn('A delivery ended without certainty or failed.', { delivery: row.id, channel: row.chat.channel, state: facts.state, error: facts.error ?? '' })
  }

  return {
    queue,
    release,
    settled: (id) => new Promise((resolve, reject) => {
      waiters.set(id, [...(waiters.get(id) ?? []), resolve])
      // It may have been settled between the commit and now.
      deliveries.get(store.read, id).then((now) => { if (now !== undefined && now.settledAt !== null) resolve(now) }, reject)
    }),
  }
}

function notKnown(row: StoredDelivery): Settled {
  return { state: 'ambiguous', error: row.error ?? 'it is not known whether it arrived' }
}

async function roundsOfTheLoop(count: number): Promise<void> {
  for (let round = 0; round < count; round += 1) await new Promise((resolve) => { setImmediate(resolve) })
}
