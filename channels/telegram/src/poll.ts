import { linePause, type ChannelHost } from '@moltbot/contract'
import type { Update } from 'grammy/types'
import type { TelegramConfig } from './config.ts'
import { readFailure, type Failure } from './failures.ts'
import type { HandOver } from './hand-over.ts'
import type { HealthKeeper } from './health.ts'
import { wantedUpdates } from './incoming.ts'
import { grammySignal, type Api } from './telegram-api.ts'

/** How long Telegram holds an empty poll, s. */
const longPollSecondsMax = 30
/** No completed poll for this long: the connection is deaf, whatever the socket says. */
const deafAfterMs = 120_000
/** Pause between polls while earlier updates still wait for their other parts. */
const waitingGapMs = 200
/** Telegram starts update ids anew at random after a week without updates; a remembered offset is void before that. */
const offsetLifeMs = 6 * 24 * 60 * 60 * 1_000
/** The offset is written down at most this often; Telegram keeps its own, so an older one costs nothing but a few known duplicates. */
const offsetWriteGapMs = 1_000
const offsetKey = 'offset'

export interface PollOptions {
  api: Api
  host: ChannelHost
  config: TelegramConfig
  handOver: HandOver
  health: HealthKeeper
  botId: number
}

/**
 * Long polling with an offset that moves only past what is durable.
 *
 * grammy has a loop of its own (`bot.start`) and a runner. Both acknowledge on their own terms: they ask for the next
 * batch, and so make Telegram forget this one, when the middleware returned or threw. Here asking for the next batch is
 * the acknowledgement, and it may only happen once the gateway has written every update of this one down.
 *
 * Returns how to stop: it aborts the poll at once and resolves when the loop has ended and the offset is written.
 */
export function startPolling({ api, host, config, handOver, health, botId }: PollOptions): () => Promise<void> {
  const stopping = new AbortController()
  /** Updates seen and not yet confirmed to Telegram, by id. */
  const seen = new Map<number, 'pending' | 'done' | 'refused'>()
  const underWay = new Set<Promise<void>>()
  let next: number | undefined
  let lastUpdateAt = host.clock.now()
  let failures = 0
  let conflicts = 0
  let refusals = 0

  const longPollSeconds = Math.max(1, Math.min(longPollSecondsMax, config.timeoutSeconds - 10))
  const minDelayMs = config.retry.minDelayMs ?? 400
  const maxDelayMs = config.retry.maxDelayMs ?? 30_000

  /** Resolves after `ms`, or as soon as polling stops or `early` settles. */
  function pause(ms: number, early?: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = host.clock.after(ms, done)
      function done(): void {
        cancel()
        stopping.signal.removeEventListener('abort', done)
        resolve()
      }
      if (stopping.signal.aborted) return done()
      stopping.signal.addEventListener('abort', done)
      early?.then(done, done)
    })
  }

  /** The `n`-th pause in a row. */
  function backoff(n: number): number {
    return linePause(n, host.clock.now(), { firstMs: minDelayMs, maxMs: maxDelayMs, spread: config.retry.jitter ?? 0.1 })
  }

  async function poll(timeout: number): Promise<Update[]> {
    const controller = new AbortController()
    const abort = (): void => controller.abort()
    stopping.signal.addEventListener('abort', abort)
    const cancel = host.clock.after(deafAfterMs, abort)
    try {
      const offset = next === undefined ? {} : { offset: next }
      return await api.getUpdates({ ...offset, limit: 100, timeout, allowed_updates: wantedUpdates }, grammySignal(controller.signal))
    } finally {
      cancel()
      stopping.signal.removeEventListener('abort', abort)
    }
  }

  /** Hands over what is new, then waits for everything under way, but not long: parts of a cut text wait for polls to come. */
  async function handle(updates: readonly Update[]): Promise<void> {
    for (const update of updates) {
      const id: unknown = (update as Update | null)?.update_id
      if (typeof id !== 'number' || !Number.isSafeInteger(id)) {
        host.log.warn('telegram: an update without an id was skipped')
        continue
      }
      const known = seen.get(id)
      if (known === 'pending' || known === 'done') continue
      seen.set(id, 'pending')
      if (known === undefined) lastUpdateAt = host.clock.now()
      const outcome = handOver.take(update).then(
        () => void seen.set(id, 'done'),
        (error: unknown) => {
          // Not acknowledged: it comes again with the next poll, in the same order.
          seen.set(id, 'refused')
          if (!stopping.signal.aborted) host.log.warn('telegram: a message could not be written down yet', { update: id, error: error instanceof Error ? error.message : String(error) })
        },
      )
      underWay.add(outcome)
      void outcome.finally(() => underWay.delete(outcome))
    }
    await pause(waitingGapMs, Promise.all(underWay))
  }

  const isOpen = (): boolean => [...seen.values()].some((state) => state !== 'done')

  /** Moves the offset up to the first update that isn't durable. */
  function advance(): void {
    const ids = [...seen.keys()].sort((a, b) => a - b)
    const last = ids.at(-1)
    if (last === undefined) return
    const target = ids.find((id) => seen.get(id) !== 'done') ?? last + 1
    for (const id of ids) if (id < target) seen.delete(id)
    if (target === next) return
    next = target
    remember()
  }

  let writing: Promise<void> = Promise.resolve()
  let writtenAt = Number.NEGATIVE_INFINITY
  let cancelWrite: (() => void) | undefined

  function remember(): void {
    if (cancelWrite !== undefined) return
    const wait = Math.max(0, writtenAt + offsetWriteGapMs - host.clock.now())
    if (wait === 0) return write()
    cancelWrite = host.clock.after(wait, write)
  }

  function write(): void {
    cancelWrite?.()
    cancelWrite = undefined
    if (next === undefined) return
    writtenAt = host.clock.now()
    const value = JSON.stringify({ bot: botId, next, at: lastUpdateAt })
    writing = writing.then(() => host.state.set(offsetKey, value)).catch((error: unknown) => {
      // Telegram remembers the confirmed offset too; without ours a restart only sees a few known messages again.
      host.log.warn('telegram: the update offset could not be written', { error: String(error) })
    })
  }

  async function recall(): Promise<void> {
    try {
      const text = await host.state.get(offsetKey)
      const value = text === undefined ? undefined : (JSON.parse(text) as { bot?: unknown; next?: unknown; at?: unknown })
      if (value?.bot !== botId || typeof value.next !== 'number' || typeof value.at !== 'number') return
      if (host.clock.now() - value.at > offsetLifeMs) return
      next = value.next
      lastUpdateAt = value.at
    } catch (error) {
      host.log.warn('telegram: the update offset could not be read; Telegram’s own is used', { error: String(error) })
    }
  }

  async function clearWebhook(): Promise<void> {
    try {
      await api.deleteWebhook({ drop_pending_updates: false }, grammySignal(stopping.signal))
    } catch (error) {
      host.log.debug('telegram: no webhook could be removed', { failure: readFailure(error) as unknown as Record<string, unknown> })
    }
  }

  /** Reports a failed poll and says how long to wait. */
  async function afterFailure(failure: Failure, deaf: boolean): Promise<number> {
    failures += 1
    const delay = backoff(failures)
    const nextAt = host.clock.now() + delay
    if (deaf) {
      health.retrying('Telegram did not answer a poll for two minutes; polling was started again.', failures, host.clock.now())
      return 0
    }
    if (failure.kind !== 'answer') {
      health.retrying(failure.reason, failures, nextAt)
      return delay
    }
    if (failure.code === 401 || failure.code === 404) {
      health.needsYou('Telegram no longer accepts the bot token.', 'Get a new token from @BotFather and put it at channels.telegram.botToken.')
      return maxDelayMs
    }
    if (failure.code === 409) {
      conflicts += 1
      if (/webhook/i.test(failure.description)) await clearWebhook()
      if (conflicts < 4) health.retrying('Another program is asking Telegram for this bot’s messages.', failures, nextAt)
      else health.needsYou('Another program keeps asking Telegram for this bot’s messages.', 'Stop the other program, or get a new token from @BotFather and put it at channels.telegram.botToken.')
      return delay
    }
    if (failure.code === 429) {
      const wait = failure.retryAfterMs ?? delay
      health.throttled(wait)
      return wait
    }
    health.retrying(`Telegram answered: ${failure.description}.`, failures, nextAt)
    return delay
  }

  async function loop(): Promise<void> {
    await recall()
    await clearWebhook()
    while (!stopping.signal.aborted) {
      const open = isOpen()
      if (host.clock.now() - lastUpdateAt > offsetLifeMs && !open) {
        next = undefined
        seen.clear()
      }
      const startedAt = host.clock.now()
      let updates: Update[]
      try {
        updates = await poll(open ? 0 : longPollSeconds)
        if (!Array.isArray(updates)) throw new Error('the answer was no list')
      } catch (error) {
        if (stopping.signal.aborted) break
        const failure = readFailure(error)
        await pause(await afterFailure(failure, failure.kind !== 'answer' && host.clock.now() - startedAt >= deafAfterMs))
        continue
      }
      failures = 0
      conflicts = 0
      const stuckFor = host.clock.now() - (handOver.busySince() ?? host.clock.now())
      if (stuckFor > deafAfterMs) health.retrying('The gateway has not written a message down for two minutes.', 1, host.clock.now())
      else if (refusals === 0) health.alive()

      await handle(updates)
      if (stopping.signal.aborted) break
      advance()
      if ([...seen.values()].includes('refused')) {
        refusals += 1
        const delay = backoff(refusals)
        health.retrying('Messages cannot be written down at the moment; Telegram keeps them.', refusals, host.clock.now() + delay)
        await pause(delay)
      } else if (refusals > 0) {
        refusals = 0
        health.alive()
      }
    }
  }

  const ended = loop().catch((error: unknown) => {
    host.log.error('telegram: the polling loop broke', { error: String(error) })
    health.needsYou('The Telegram connection stopped because of an error in the gateway.', 'Look at the log and restart the gateway.')
  })

  return async () => {
    stopping.abort()
    await handOver.close()
    await ended
    // What became durable while stopping is known: the next start need not see it again.
    await Promise.all(underWay)
    advance()
    write()
    await writing
  }
}
