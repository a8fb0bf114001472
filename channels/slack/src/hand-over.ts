import type { WebClient } from '@slack/web-api'
import { Problem, createInsistence, type ChannelHost, type IncomingMessage, type HealthKeeper } from '@moltbot/contract'
import type { SlackConfig } from './config.ts'
import type { Directory } from './directory.ts'
import { describeFailure, newTokens, readFailure } from './failures.ts'
import {
  namedIn, threadOf, understandCommand, understandMessage, understandPress, understandReaction, type FileToFetch, type Self, type SlackCommand, type SlackMessage, type SlackPress, type SlackReaction, type Understood,
} from './incoming.ts'
import type { PlaceMemory, RememberedPlace } from './place-memory.ts'
import { isPlace, isTimestamp, timestampAt } from './slack-id.ts'

/** More than this is not kept waiting in memory: Slack brings it again, or history does. */
const waitingMax = 1_000
/** After a break history is read back this far. */
const catchUpMs = 24 * 3_600_000
const catchUpPage = 100
/** How many of the last events without a time of their own are known as repetitions. */
const eventsKept = 2_000
const threadsKept = 2_000
/** A message does not wait longer for what its thread began with: Slack wants its acknowledgement within 3 s. */
const rootPatienceMs = 1_000

/** One delivery of Slack's, by socket or by HTTP. */
export interface Delivery { type: string; body: unknown }

/**
 * `taken`: everything it means is durable, or it means nothing; it may be acknowledged. `left`: it may not, Slack has to bring it
 * again. `reply`: what the person who used a command or a button sees at once.
 */
export type Taken = { kind: 'taken'; reply?: string } | { kind: 'left' }

export interface HandOver {
  take(delivery: Delivery): Promise<Taken>
  /** Reads what was written in known places while nobody was there to hear it; everything newer waits for it. */
  catchUp(): void
  /** Waits for what is being handed over; what was not begun stays with Slack. */
  close(): Promise<void>
}

export interface HandOverOptions {
  host: ChannelHost
  api: WebClient
  config: SlackConfig
  self: Self
  directory: Directory
  memory: PlaceMemory
  health: HealthKeeper
  fetchFiles(files: readonly FileToFetch[], message: IncomingMessage): Promise<void>
}

interface EventBody {
  event_id?: string; team_id?: string; enterprise_id?: string; authorizations?: { team_id?: string | null; enterprise_id?: string | null }[]
  event?: { type?: string; channel?: unknown; old_channel_id?: unknown; new_channel_id?: unknown; user?: unknown } & Record<string, unknown>
}

/** Hands events to the gateway, in order within a place, places side by side; what cannot be written down is tried until it can. */
export function createHandOver({ host, api, config, self, directory, memory, health, fetchFiles }: HandOverOptions): HandOver {
  const lanes = new Map<string, Promise<boolean>>()
  const begun = new Set<Promise<unknown>>()
  const { insist, end } = createInsistence(host, 'slack', () => new Problem('slack-closing', 'The connection is being closed.'), (error) => {
    const failure = readFailure(error)
    return failure.kind === 'throttled' ? failure.retryAfterMs : undefined
  })
  const seenEvents = new Set<string>()
  /** Slack's clients send the same words twice under one id when their line breaks: id → the time it was first seen under. */
  const clientIds = new Map<string, string>()
  const seenThreads = new Set<string>()
  const commands = new Set((host.commands ?? []).map((command) => command.name))
  let waiting = 0
  let closed = false
  let letGo = false

  /** Runs a task after all earlier ones of the lane. False: the end came first, and Slack has to bring it again. */
  function enqueue(key: string, task: () => Promise<void>): Promise<boolean> {
    waiting += 1
    async function run(): Promise<boolean> {
      if (closed) return false
      const work = task()
      begun.add(work)
      try {
        await work
        return true
      } catch (error) {
        if (!closed) host.log.warn('slack: an event was skipped', { error: error instanceof Error ? error.message : String(error) })
        return !closed
      } finally {
        begun.delete(work)
      }
    }
    const mine = (lanes.get(key) ?? Promise.resolve(true)).then(run).finally(() => {
      waiting -= 1
      if (lanes.get(key) === mine) lanes.delete(key)
      if (closed || !letGo || waiting > 0) return
      letGo = false
      catchUp()
    })
    lanes.set(key, mine)
    return mine
  }

  function read(understand: () => Understood): Understood {
    try {
      return understand()
    } catch (error) {
      // A shape nobody documented must not stall everything behind it.
      return { kind: 'nothing', reason: `an event that could not be understood (${error instanceof Error ? error.message : 'unknown'})` }
    }
  }

  async function deliver(understood: Understood): Promise<boolean> {
    if (understood.kind === 'nothing') {
      host.log.debug(`slack: ${understood.reason}`)
      return false
    }
    if (understood.kind === 'notice') {
      host.notice(understood.notice)
      return true
    }
    await fetchFiles(understood.files, understood.message)
    await insist('a message could not be written down', () => host.receive(understood.message))
    return true
  }

  /** What a thread began with, for the first message of it that we hear; after that the conversation has it. */
  async function rootOf(message: SlackMessage): Promise<SlackMessage | undefined> {
    const thread = threadOf(message)
    if (thread === undefined || message.channel === undefined) return undefined
    const key = `${message.channel}/${thread}`
    if (seenThreads.has(key)) return undefined
    remember(seenThreads, key, threadsKept)
    let cancel = (): void => {}
    try {
      const asked = api.conversations.replies({ channel: message.channel, ts: thread, limit: 1, inclusive: true }).then(({ messages }) => messages?.[0] as SlackMessage | undefined)
      asked.catch(() => undefined) // When it comes too late, nobody is listening any more.
      const root = await Promise.race([asked, new Promise<undefined>((resolve) => (cancel = host.clock.after(rootPatienceMs, () => resolve(undefined))))])
      return root?.ts === thread ? root : undefined
    } catch {
      host.log.debug('slack: the beginning of a thread could not be read')
      return undefined
    } finally {
      cancel()
    }
  }

  async function takeMessage(message: SlackMessage): Promise<void> {
    const { channel, ts, client_msg_id: clientId } = message
    if (clientId !== undefined && ts !== undefined) {
      const first = clientIds.get(clientId)
      if (first !== undefined && first !== ts) return host.log.debug('slack: the same words a second time under one client id')
      clientIds.set(clientId, ts)
      const oldest = clientIds.size > eventsKept ? clientIds.keys().next().value : undefined
      if (oldest !== undefined) clientIds.delete(oldest)
    }
    await directory.learn(namedIn(message))
    const root = await rootOf(message)
    if (root?.user !== undefined) await directory.learn([root.user])
    await deliver(read(() => understandMessage(message, self, host.account, directory, root)))
    if (isPlace(channel) && isTimestamp(ts)) memory.reached(channel, threadOf(message), ts)
  }

  /** Repeats a reading call; undefined when Slack says it will never work. */
  async function readHistory<T>(channel: string, call: () => Promise<T>): Promise<T | undefined> {
    return insist('missed messages could not be read', async () => {
      try {
        return await call()
      } catch (error) {
        const failure = readFailure(error)
        if (failure.kind !== 'answer') throw error
        host.log.info('slack: a place cannot be caught up', { channel, reason: describeFailure(failure) })
        return undefined
      }
    })
  }

  async function catchUpThread(channel: string, thread: string, after: string): Promise<void> {
    let cursor: string | undefined
    do {
      const page = await readHistory(channel, () => api.conversations.replies({ channel, ts: thread, oldest: after, limit: catchUpPage, ...(cursor === undefined ? {} : { cursor }) }))
      // The first message of a thread comes along whatever was asked for.
      for (const message of (page?.messages ?? []) as SlackMessage[]) if (isTimestamp(message.ts) && message.ts > after && message.ts !== thread) await takeMessage({ ...message, channel })
      cursor = page?.response_metadata?.next_cursor
    } while (cursor !== undefined && cursor !== '')
  }

  async function catchUpPlace({ channel, thread, last }: RememberedPlace): Promise<void> {
    const floor = timestampAt(host.clock.now() - catchUpMs)
    const after = last > floor ? last : floor
    if (thread !== undefined) return catchUpThread(channel, thread, after)
    const missed: SlackMessage[] = []
    let cursor: string | undefined
    do {
      const page = await readHistory(channel, () => api.conversations.history({ channel, oldest: after, limit: catchUpPage, ...(cursor === undefined ? {} : { cursor }) }))
      missed.push(...((page?.messages ?? []) as SlackMessage[]))
      cursor = page?.response_metadata?.next_cursor
    } while (cursor !== undefined && cursor !== '')
    // The newest come first.
    for (const message of missed.toReversed()) {
      if (!isTimestamp(message.ts) || message.ts <= after) continue
      await takeMessage({ ...message, channel })
      if ((message.reply_count ?? 0) > 0) await catchUpThread(channel, message.ts, after)
    }
  }

  function catchUp(): void {
    for (const place of memory.places()) void enqueue(place.channel, () => catchUpPlace(place))
  }

  /** Whether it is about the workspace we are in: an app may be in several. */
  function isForUs({ authorizations, team_id: team, enterprise_id: enterprise }: EventBody): boolean {
    const { home } = self
    const fits = (one: { team_id?: string | null | undefined; enterprise_id?: string | null | undefined }): boolean =>
      one.team_id === home.team || (home.enterprise !== undefined && one.enterprise_id === home.enterprise)
    return authorizations !== undefined && authorizations.length > 0 ? authorizations.some(fits) : team === undefined || fits({ team_id: team, enterprise_id: enterprise })
  }

  async function takeEvent(body: EventBody): Promise<Taken> {
    const { event } = body
    if (event === undefined || !isForUs(body)) return { kind: 'taken' }
    switch (event.type) {
      case 'message':
      case 'app_mention':
        return ended(await enqueue(String(event.channel), () => takeMessage(event as SlackMessage)))
      case 'reaction_added':
      case 'reaction_removed': {
        if (body.event_id !== undefined && seenEvents.has(body.event_id)) return { kind: 'taken' }
        remember(seenEvents, body.event_id ?? '', eventsKept)
        const reaction = event as SlackReaction
        return ended(await enqueue(String(reaction.item?.channel), async () => {
          await directory.learn(reaction.user === undefined ? [] : [reaction.user])
          await deliver(read(() => understandReaction(reaction, event.type === 'reaction_removed', self, host.account, directory)))
        }))
      }
      case 'channel_id_changed':
        return ended(await enqueue(String(event.old_channel_id), async () => {
          if (isPlace(event.old_channel_id) && isPlace(event.new_channel_id)) host.notice({ kind: 'chat-moved', from: event.old_channel_id as never, to: event.new_channel_id as never })
        }))
      case 'channel_rename':
      case 'group_rename':
        directory.forget(String((event.channel as { id?: unknown } | undefined)?.id))
        return { kind: 'taken' }
      case 'user_change':
      case 'user_profile_changed':
        directory.forget(String((event.user as { id?: unknown } | undefined)?.id))
        return { kind: 'taken' }
      case 'app_uninstalled':
      case 'tokens_revoked':
        health.needsYou('The app was removed from the Slack workspace, or its token was withdrawn.', newTokens, 'works')
        return { kind: 'taken' }
      case 'app_rate_limited':
        host.log.warn('slack: Slack left out events because too many came')
        letGo = true
        return { kind: 'taken' }
      default:
        return { kind: 'taken' }
    }
  }

  async function takePersonal(lane: string, user: string | undefined, understand: () => Understood): Promise<Taken> {
    let taken = false
    const done = await enqueue(lane, async () => {
      await directory.learn([...(user === undefined ? [] : [user]), ...(isPlace(lane) ? [lane] : [])])
      taken = await deliver(read(understand))
    })
    if (!done) return { kind: 'left' }
    return { kind: 'taken', reply: taken ? 'Passed on.' : 'This does not work here.' }
  }

  const ended = (done: boolean): Taken => ({ kind: done ? 'taken' : 'left' })

  async function take({ type, body }: Delivery): Promise<Taken> {
    if (closed) return { kind: 'left' }
    if (waiting >= waitingMax) {
      letGo = true
      return { kind: 'left' }
    }
    if (typeof body !== 'object' || body === null) return { kind: 'taken' }
    switch (type) {
      case 'events_api':
        return takeEvent(body)
      case 'slash_commands': {
        const command = body as SlackCommand
        if (!config.slashCommand.enabled) return { kind: 'taken', reply: 'Commands are switched off here.' }
        return takePersonal(String(command.channel_id), command.user_id, () => understandCommand(command, config.slashCommand.name, commands, self, host.account, directory, host.clock.now()))
      }
      case 'interactive': {
        const press = body as SlackPress
        const { kind } = await takePersonal(String(press.container?.channel_id ?? press.channel?.id), press.user?.id, () => understandPress(press, self, host.account, directory, host.clock.now()))
        return { kind }
      }
      default:
        return { kind: 'taken' }
    }
  }

  return {
    async take(delivery) {
      try {
        return await take(delivery)
      } catch (error) {
        host.log.warn('slack: an event could not be understood', { error: error instanceof Error ? error.message : String(error) })
        return { kind: 'taken' }
      }
    },
    catchUp,
    async close() {
      closed = true
      end()
      while (begun.size > 0) await Promise.allSettled(begun)
    },
  }
}

function remember(set: Set<string>, key: string, keptMax: number): void {
  set.add(key)
  const oldest = set.size > keptMax ? set.values().next().value : undefined
  if (oldest !== undefined) set.delete(oldest)
}
