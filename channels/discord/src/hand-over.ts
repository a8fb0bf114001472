import type { API, APIMessage, GatewayDispatchPayload, GatewayGuildCreateDispatchData, GatewayInteractionCreateDispatchData } from '@discordjs/core/http-only'
import { Problem, createInsistence, type ChannelHost, type ChatRef, type IncomingMessage } from '@moltbot/contract'
import { isSnowflake, snowflakeAt, timeOf } from './discord-id.ts'
import { describeFailure, readFailure } from './failures.ts'
import { understandInteraction, understandMessage, understandReaction, type FileToFetch, type Self, type Understood } from './incoming.ts'
import { createPlaces, type Place } from './places.ts'
import type { RememberedPlace, SessionMemory } from './session-memory.ts'

/** More than this is not kept waiting in memory: Discord has it, and brings it again. */
const waitingMax = 1_000
/** After a session that could not be resumed, history is read back this far, one page for each place. */
const catchUpMs = 24 * 3_600_000
const catchUpPage = 100
/** Discord waits 3 s for a word about a press or a command; whoever waits for the store says so before. */
const answerWithinMs = 2_000

export interface HandOver {
  take(payload: GatewayDispatchPayload): void
  /** Waits for what is being handed over; what was not begun stays with Discord. */
  close(): Promise<void>
}

export interface HandOverOptions {
  host: ChannelHost
  api: API
  self: { id: string; username: string }
  memory: SessionMemory
  fetchFiles(files: readonly FileToFetch[], message: IncomingMessage): Promise<void>
  /**
   * Answers whoever used a command or a button: when it is durable (`taken`), when it never will be (`refused`), and while that is not decided
   * and Discord's patience ends (`later`). `deferred`: `later` was said before.
   */
  answer(interaction: GatewayInteractionCreateDispatchData, outcome: 'taken' | 'refused' | 'later', deferred: boolean): void
  /** The line has to be opened anew, so that Discord brings again what was let go. */
  renew(reason: string): void
}

/** Hands events to the gateway, in order within a chat, chats side by side; what cannot be written down is tried until it can. */
export function createHandOver({ host, api, self, memory, fetchFiles, answer, renew }: HandOverOptions): HandOver {
  const lanes = new Map<string, Promise<boolean>>()
  const begun = new Set<Promise<unknown>>()
  const places = createPlaces(host.account)
  const ownRoles = new Set<string>()
  const us: Self = { ...self, roles: ownRoles }
  const names = { channel: places.nameOf }
  const { insist, end } = createInsistence(host, 'discord', () => new Problem('discord-closing', 'The connection is being closed.'))
  let closed = false
  let letGo = false

  /** Runs a task after all earlier ones of the lane. False: the end came first, and Discord has to bring it again. */
  function enqueue(key: string, task: () => Promise<void>): Promise<boolean> {
    async function run(): Promise<boolean> {
      if (closed) return false
      const work = task()
      begun.add(work)
      try {
        await work
        return true
      } catch (error) {
        if (!closed) host.log.warn('discord: an event was skipped', { error: error instanceof Error ? error.message : String(error) })
        return !closed
      } finally {
        begun.delete(work)
      }
    }
    const mine = (lanes.get(key) ?? Promise.resolve(true)).then(run).finally(() => {
      if (lanes.get(key) === mine) lanes.delete(key)
    })
    lanes.set(key, mine)
    return mine
  }

  async function placeOf(id: string, direct: boolean): Promise<Place> {
    if (direct) return places.get(id) ?? places.learn({ id, type: 1 })
    const known = places.get(id)
    if (known !== undefined) return known
    return insist('a channel could not be looked up', async () => {
      try {
        const place = places.learn(await api.channels.get(id))
        if (place.parent !== undefined && places.get(place.parent) === undefined) places.learn(await api.channels.get(place.parent))
        return place
      } catch (error) {
        const failure = readFailure(error)
        // We may not look at it: then it is a place of its own, which only a policy that lets in every channel lets in.
        if (failure.kind === 'answer' && failure.status < 500 && failure.status !== 401) return places.get(id) ?? places.learn({ id, type: 0 })
        throw error
      }
    })
  }

  const laneOf = (channel: string): string => places.get(channel)?.parent ?? channel

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
      host.log.debug(`discord: ${understood.reason}`)
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

  async function takeMessage(message: APIMessage & { guild_id?: string | undefined }, guild: string | undefined): Promise<void> {
    const chat = places.chatRef(await placeOf(message.channel_id, guild === undefined))
    await deliver(read(() => understandMessage(message, chat, us, names)))
    const place: RememberedPlace = { id: message.channel_id, last: message.id }
    if (guild !== undefined) place.guild = guild
    if (isSnowflake(message.id)) memory.reached(place)
  }

  async function takeInteraction(interaction: GatewayInteractionCreateDispatchData, answerOnce: (taken: boolean) => void): Promise<void> {
    const { channel } = interaction
    if (channel === undefined) return answerOnce(false)
    const place = interaction.guild_id === undefined ? await placeOf(channel.id, true) : places.learn(channel as Parameters<typeof places.learn>[0])
    answerOnce(await deliver(read(() => understandInteraction(interaction, places.chatRef(place), timeOf(interaction.id)))))
  }

  /** Says `later` in time, also while earlier events of the place are waited for. */
  function awaited(interaction: GatewayInteractionCreateDispatchData): (taken: boolean) => void {
    let deferred = false
    const cancel = host.clock.after(answerWithinMs, () => {
      if (closed) return
      deferred = true
      answer(interaction, 'later', false)
    })
    return (taken) => {
      cancel()
      answer(interaction, taken ? 'taken' : 'refused', deferred)
    }
  }

  async function takeReaction(payload: Extract<GatewayDispatchPayload, { t: 'MESSAGE_REACTION_ADD' | 'MESSAGE_REACTION_REMOVE' }>): Promise<void> {
    const chat: ChatRef = places.chatRef(await placeOf(payload.d.channel_id, payload.d.guild_id === undefined))
    await deliver(read(() => understandReaction(payload.d, payload.t === 'MESSAGE_REACTION_REMOVE', chat, us)))
  }

  /** Reads what was written in known places while no session was there to tell. Runs in each place's lane, before anything new. */
  function catchUp(): void {
    const since = snowflakeAt(host.clock.now() - catchUpMs)
    const rounds = memory.places().filter((place) => timeOf(place.last) >= timeOf(since)).map((place) =>
      enqueue(laneOf(place.id), () => insist('missed messages could not be read', async () => {
        for (let after = place.last; ;) {
          let page: APIMessage[]
          try {
            page = await api.channels.getMessages(place.id, { after, limit: catchUpPage })
          } catch (error) {
            const failure = readFailure(error)
            if (failure.kind !== 'answer' || failure.status >= 500 || failure.status === 401) throw error
            host.log.info('discord: a place cannot be caught up', { channel: place.id, reason: describeFailure(failure) })
            return
          }
          const inOrder = page.toSorted((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1))
          for (const message of inOrder) await takeMessage(message, place.guild)
          const last = inOrder.at(-1)
          if (last === undefined || page.length < catchUpPage) return
          after = last.id
        }
      })))
    void Promise.all(rounds).then((done) => {
      if (done.every((one) => one)) memory.caughtUp()
    })
  }

  function learnGuild(guild: GatewayGuildCreateDispatchData): void {
    if (guild.unavailable === true) return
    for (const channel of [...guild.channels, ...guild.threads]) places.learn(channel)
    for (const role of guild.roles) if (role.tags?.bot_id === self.id) ownRoles.add(role.id)
  }

  /** The lane an event belongs to and what is to be done there; undefined: done at once. */
  function workOf(payload: GatewayDispatchPayload): { lane: string; work: () => Promise<void> } | undefined {
    switch (payload.t) {
      case 'MESSAGE_CREATE':
        return { lane: laneOf(payload.d.channel_id), work: () => takeMessage(payload.d, payload.d.guild_id) }
      case 'INTERACTION_CREATE': {
        const answerOnce = awaited(payload.d)
        return { lane: laneOf(payload.d.channel?.id ?? payload.d.id), work: () => takeInteraction(payload.d, answerOnce) }
      }
      case 'MESSAGE_REACTION_ADD':
      case 'MESSAGE_REACTION_REMOVE':
        return { lane: laneOf(payload.d.channel_id), work: () => takeReaction(payload) }
      case 'READY':
      case 'RESUMED':
        if (memory.needsCatchUp()) catchUp()
        return undefined
      case 'GUILD_CREATE':
        learnGuild(payload.d)
        return undefined
      case 'CHANNEL_CREATE':
      case 'CHANNEL_UPDATE':
      case 'THREAD_CREATE':
      case 'THREAD_UPDATE':
        places.learn(payload.d)
        return undefined
      case 'THREAD_LIST_SYNC':
        for (const thread of payload.d.threads) places.learn(thread)
        return undefined
      case 'CHANNEL_DELETE':
      case 'THREAD_DELETE':
        places.forget(payload.d.id)
        return undefined
      case 'MESSAGE_UPDATE':
        host.log.debug('discord: an edit: what was accepted stays as it was')
        return undefined
      default:
        return undefined
    }
  }

  return {
    take(payload) {
      if (closed) return
      if (memory.open() >= waitingMax) {
        letGo = true
        return
      }
      if (payload.t !== 'READY' && !memory.receive(payload.s)) return
      let task: ReturnType<typeof workOf>
      try {
        task = workOf(payload)
      } catch (error) {
        host.log.warn('discord: an event could not be understood', { kind: payload.t, error: error instanceof Error ? error.message : String(error) })
      }
      if (task === undefined) return memory.finish(payload.s)
      void enqueue(task.lane, task.work).then((done) => {
        if (done) memory.finish(payload.s)
        if (closed || !letGo || memory.open() > 0) return
        letGo = false
        renew('Too much came at once; Discord is asked for the rest.')
      })
    },
    async close() {
      closed = true
      end()
      while (begun.size > 0) await Promise.allSettled(begun)
    },
  }
}
