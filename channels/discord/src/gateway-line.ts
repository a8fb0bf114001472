import { WebSocketShard, WebSocketShardDestroyRecovery, WebSocketShardEvents, type WebSocketShardDestroyOptions } from '@discordjs/ws'
import type { API, GatewayDispatchPayload } from '@discordjs/core/http-only'
import { ConnectProblem, linePause, type ChannelHost, type HealthKeeper } from '@moltbot/contract'
import { describeFailure, readFailure } from './failures.ts'
import type { SessionMemory } from './session-memory.ts'

/** From the first packet to a session that stands. */
const openPatienceMs = 30_000
/** A line on which Discord has not answered a heartbeat for this long is dead, whatever the socket says. */
const silenceMaxMs = 90_000
const pauses = { firstMs: 1_000, maxMs: 30_000 }
/** Only a line that stood this long makes the pauses short again; else one that always breaks would be opened all day long. */
const steadyAfterMs = 30_000
/** After this many resumes in a row that led nowhere, a new session. */
const resumesMax = 3
/** Discord keeps a session whose socket was closed with another code than 1000 or 1001. */
const keepSessionCode = 4_200
const closePatienceMs = 1_500

const portal = 'https://discord.com/developers/applications'
export const newToken = `Copy the bot’s token from ${portal} (Bot, Reset Token) to channels.discord.token, or set DISCORD_BOT_TOKEN.`
export const allowContent = `Switch on Message Content Intent at ${portal} (your application, Bot, Privileged Gateway Intents), then run: moltbot gateway restart. Or set channels.discord.intents.messageContent to false to do without.`

/** Close codes after which trying again changes nothing. */
const finalCodes: Record<number, { reason: string; action: string }> = {
  4004: { reason: 'Discord does not accept the bot token.', action: newToken },
  4010: { reason: 'Discord refused the connection (4010, invalid shard).', action: 'Report this as a bug, with moltbot logs.' },
  4011: { reason: 'The bot is in more servers than one connection takes.', action: 'Use a bot of its own for the assistant and remove it from some servers.' },
  4012: { reason: 'Discord no longer speaks this version of its protocol.', action: 'Update Moltbot.' },
  4013: { reason: 'Discord refused the connection (4013, invalid intents).', action: 'Report this as a bug, with moltbot logs.' },
  4014: { reason: 'Discord does not let this bot read message content.', action: allowContent },
}
const sessionIsGone = new Set([4_007, 4_009])

export interface GatewayLine {
  /** Resolves when the session stands for the first time; rejects with a `ConnectProblem` when it certainly won't. */
  up: Promise<void>
  /** Opens a new socket for the same session: Discord then brings again what is not durable. */
  renew(reason: string): void
  close(): Promise<void>
}

export interface GatewayLineOptions {
  host: ChannelHost
  token: string
  intents: number
  api: API
  memory: SessionMemory
  health: HealthKeeper
  acceptsGateway(url: string): boolean
  /** Called with every event in order, the session's own included. */
  onDispatch(payload: GatewayDispatchPayload): void
}

/** A shard of the SDK that opens one socket and ends with it: when to try again is for the line to decide. */
class OneSocket extends WebSocketShard {
  onEnd: ((end: { code?: number | undefined; reason?: string | undefined; invalid: boolean }) => void) | undefined

  override async destroy(options: WebSocketShardDestroyOptions = {}): Promise<void> {
    const invalid = options.reason === 'Invalid session' && options.recover === WebSocketShardDestroyRecovery.Reconnect
    this.onEnd?.({ code: options.code, reason: options.reason, invalid })
  }

  /** Closes so that the session can be resumed; the socket is gone when this resolves or, on a dead line, when it is cut. */
  async end(): Promise<void> {
    // Errors of a socket nobody listens to any more would end the process.
    this.#socket()?.on('error', () => {})
    await super.destroy({ code: keepSessionCode })
  }

  cut(): void {
    const socket = this.#socket()
    socket?.on('error', () => {})
    socket?.terminate()
  }

  #socket(): { on(event: 'error', listener: () => void): unknown; terminate(): void } | null {
    return (this as unknown as { connection: { on(event: 'error', listener: () => void): unknown; terminate(): void } | null }).connection
  }
}

/** One live connection to Discord's gateway, over as many sockets as it takes. */
export function openGatewayLine({ host, token, intents, api, memory, health, acceptsGateway, onDispatch }: GatewayLineOptions): GatewayLine {
  let socket: OneSocket | undefined
  let closed = false
  let attempt = 0
  let resumes = 0
  let upSince: number | undefined
  let settled = false
  let settle: { resolve(): void; reject(error: unknown): void } = { resolve: () => {}, reject: () => {} }
  const up = new Promise<void>((resolve, reject) => (settle = { resolve, reject }))
  let cancelTimer = (): void => {}
  const after = (delayMs: number, task: () => void): void => {
    cancelTimer()
    cancelTimer = host.clock.after(delayMs, task)
  }

  function lose(reason: string, waitMs?: number): void {
    if (closed) return
    const broken = socket
    socket = undefined
    if (upSince !== undefined && host.clock.now() - upSince >= steadyAfterMs) attempt = 0
    upSince = undefined
    attempt += 1
    const delay = Math.max(waitMs ?? 0, linePause(attempt, host.clock.now(), pauses))
    host.log.info('discord: the line is lost', { reason, attempt, delayMs: delay })
    health.retrying(reason, attempt, host.clock.now() + delay)
    if (broken !== undefined) discard(broken)
    after(delay, () => void open())
  }

  function giveUp(reason: string, action: string, cause?: unknown): void {
    const broken = socket
    socket = undefined
    cancelTimer()
    health.needsYou(reason, action)
    if (broken !== undefined) discard(broken)
    if (!settled) {
      settled = true
      settle.reject(new ConnectProblem(reason, { permanent: true, next: action, cause }))
    }
  }

  /** Ends a socket without waiting for the other side longer than it deserves. */
  async function discard(old: OneSocket): Promise<void> {
    old.onEnd = undefined
    let cancel = (): void => {}
    await Promise.race([old.end(), new Promise<void>((resolve) => (cancel = host.clock.after(closePatienceMs, resolve)))])
    cancel()
    old.cut()
  }

  async function open(): Promise<void> {
    if (closed) return
    let address = memory.retrieve()?.resumeURL
    if (address !== undefined && resumes >= resumesMax) {
      host.log.warn('discord: the session could not be resumed; a new one begins')
      await memory.drop()
      address = undefined
    }
    try {
      if (address === undefined) {
        const facts = await api.gateway.getBot()
        if (closed) return
        if (!acceptsGateway(facts.url)) return giveUp('Discord’s API named a gateway that is not Discord’s.', 'Check channels.discord.apiRoot and the network: something may stand between.')
        if (facts.session_start_limit.remaining <= 0) return lose('Discord allows no further login today.', facts.session_start_limit.reset_after)
        address = facts.url
      }
    } catch (error) {
      const failure = readFailure(error)
      if (failure.kind === 'answer' && failure.status === 401) return giveUp('Discord does not accept the bot token.', newToken, error)
      return lose(describeFailure(failure), failure.kind === 'throttled' ? failure.retryAfterMs : undefined)
    }
    dial(address)
  }

  function dial(address: string): void {
    const resuming = memory.retrieve() !== null
    if (resuming) resumes += 1
    const shard = new OneSocket({
      options: {
        compression: null, encoding: 'json' as never, handshakeTimeout: openPatienceMs, helloTimeout: openPatienceMs, readyTimeout: openPatienceMs,
        identifyProperties: { browser: 'moltbot', device: 'moltbot', os: 'linux' }, initialPresence: null, intents, largeThreshold: null, token,
        useIdentifyCompression: false, version: '10', shardCount: 1,
        gatewayInformation: { url: address, shards: 1, session_start_limit: { total: 1, remaining: 1, reset_after: 0, max_concurrency: 1 } },
      },
      retrieveSessionInfo: () => memory.retrieve(),
      async updateSessionInfo(_, info) {
        // How far we are is ours to say: only what is durable counts.
        if (info !== null && shard === socket && acceptsGateway(info.resumeURL)) await memory.begin(info)
      },
      waitForIdentify: () => Promise.resolve(),
    }, 0)
    socket = shard
    const current = (): boolean => shard === socket && !closed
    // The SDK tells the end twice, as an event and as the wish to begin again.
    let over = false
    const end = (code: number | undefined, reason: string | undefined, invalid: boolean): void => {
      if (over || !current()) return
      over = true
      void ended(code, reason, invalid)
    }

    shard.onEnd = ({ code, reason, invalid }) => end(code, reason, invalid)
    shard.on(WebSocketShardEvents.Closed, (code) => end(code, undefined, false))
    shard.on(WebSocketShardEvents.Error, (error) => host.log.debug('discord: the gateway reported an error', { error: error.message }))
    shard.on(WebSocketShardEvents.SocketError, (error) => host.log.debug('discord: socket error', { error: error?.message ?? 'unknown' }))
    shard.on(WebSocketShardEvents.HeartbeatComplete, () => {
      if (current() && upSince !== undefined) alive()
    })
    shard.on(WebSocketShardEvents.Dispatch, (payload) => {
      if (!current()) return
      if (payload.t === 'READY' || payload.t === 'RESUMED') {
        upSince = host.clock.now()
        resumes = 0
        alive()
      }
      onDispatch(payload)
      if ((payload.t === 'READY' || payload.t === 'RESUMED') && !settled) {
        settled = true
        settle.resolve()
      }
    })
    after(openPatienceMs, () => lose('Discord’s gateway does not answer.'))
    // The SDK's promise only tells of the first success, which the events tell too.
    shard.connect().catch(() => undefined)
  }

  function alive(): void {
    health.alive()
    after(silenceMaxMs, () => lose('Discord has not answered a heartbeat for 90 s.'))
  }

  async function ended(code: number | undefined, reason: string | undefined, invalid: boolean): Promise<void> {
    const final = code === undefined ? undefined : finalCodes[code]
    if (final !== undefined) return giveUp(final.reason, final.action)
    if (invalid || (code !== undefined && sessionIsGone.has(code))) await memory.drop()
    lose(reason ?? `Discord closed the line (${code ?? 'no code'}).`)
  }

  void open()
  return {
    up,
    renew(reason) {
      if (socket !== undefined) lose(reason)
    },
    async close() {
      closed = true
      cancelTimer()
      if (!settled) {
        settled = true
        settle.reject(new ConnectProblem('Discord’s gateway could not be reached.', { permanent: false, next: 'Check the connection to the internet.' }))
      }
      up.catch(() => undefined)
      const last = socket
      socket = undefined
      if (last !== undefined) await discard(last)
    },
  }
}
