import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { SocketModeClient } from '@slack/socket-mode'
import { ConnectProblem, linePause, type ChannelHost, type HealthKeeper } from '@moltbot/contract'
import { describeFailure, ForeignAnswer, helpFor, readFailure } from './failures.ts'
import type { Delivery, Taken } from './hand-over.ts'
import { clientOptions, silent, type Realm } from './slack-api.ts'

/** From the first packet to Slack's hello. */
const openPatienceMs = 30_000
/** The SDK asks for a sign of life every third of this. */
const pongPatienceMs = 15_000
/** A line on which Slack has not answered for this long is dead, whatever the socket says. */
const silenceMaxMs = 90_000
const pauses = { firstMs: 1_000, maxMs: 30_000 }
/** Only a line that stood this long makes the pauses short again; else one that always breaks would be opened all day long. */
const steadyAfterMs = 30_000
/** Slack brings again what was not acknowledged during a short break; after a longer one history is asked. */
const breakMaxMs = 30_000
const closePatienceMs = 1_500
const pongs = 'undici:websocket:pong'

const switchOn = 'Switch on Socket Mode in the app’s settings at https://api.slack.com/apps, then run: moltbot gateway restart.'

export interface SocketLine {
  /** Resolves when the line stands for the first time; rejects with a `ConnectProblem` when it certainly won't. */
  up: Promise<void>
  close(): Promise<void>
}

export interface SocketLineOptions {
  host: ChannelHost
  appToken: string
  realm: Realm
  health: HealthKeeper
  onDelivery(delivery: Delivery): Promise<Taken>
  /** The line stands again after a break in which something may have been missed. */
  onReturn(): void
}

interface Envelope { type: string; body: unknown; ack(response?: Record<string, unknown>): Promise<void> }
/** What of the SDK's socket is needed and not in its types: the end of one that no longer answers. */
interface Inner { websocket?: { websocket: unknown; cleanup(): void } }

/** A client of the SDK that opens one socket and ends with it: when to try again is for the line to decide. */
interface OneSocket { client: SocketModeClient; over: boolean; planned: boolean }

/** One live connection in Socket Mode, over as many sockets as it takes. An envelope is acknowledged only after it was taken. */
export function openSocketLine({ host, appToken, realm, health, onDelivery, onReturn }: SocketLineOptions): SocketLine {
  let socket: OneSocket | undefined
  let closed = false
  let attempt = 0
  let upSince: number | undefined
  let lastAlive: number | undefined
  let settled = false
  let settle: { resolve(): void; reject(error: unknown): void } = { resolve: () => {}, reject: () => {} }
  const up = new Promise<void>((resolve, reject) => (settle = { resolve, reject }))
  let cancelTimer = (): void => {}
  const after = (delayMs: number, task: () => void): void => {
    cancelTimer()
    cancelTimer = host.clock.after(delayMs, task)
  }

  function lose(reason: string, waitMs = 0): void {
    if (closed) return
    drop()
    if (upSince !== undefined && host.clock.now() - upSince >= steadyAfterMs) attempt = 0
    upSince = undefined
    attempt += 1
    const delay = Math.max(waitMs, linePause(attempt, host.clock.now(), pauses))
    host.log.info('slack: the line is lost', { reason, attempt, delayMs: delay })
    health.retrying(reason, attempt, host.clock.now() + delay)
    after(delay, open)
  }

  function giveUp(reason: string, action: string, cause?: unknown): void {
    drop()
    cancelTimer()
    health.needsYou(reason, action)
    if (settled) return
    settled = true
    settle.reject(new ConnectProblem(reason, { permanent: true, next: action, cause }))
  }

  function drop(): void {
    const old = socket
    socket = undefined
    if (old !== undefined) void discard(old)
  }

  /** Ends a socket without waiting for the other side longer than it deserves. */
  async function discard({ client }: OneSocket): Promise<void> {
    let cancel = (): void => {}
    await Promise.race([client.disconnect().catch(() => undefined), new Promise<void>((resolve) => (cancel = host.clock.after(closePatienceMs, resolve)))])
    cancel()
    innerOf(client).websocket?.cleanup()
  }

  function onPong(message: unknown): void {
    if (socket === undefined || upSince === undefined) return
    const inner = innerOf(socket.client).websocket?.websocket
    if (inner !== undefined && inner !== null && (message as { websocket?: unknown }).websocket === inner) alive()
  }
  subscribe(pongs, onPong)

  function alive(): void {
    lastAlive = host.clock.now()
    health.alive()
    after(silenceMaxMs, () => lose('Slack has not answered for 90 s.'))
  }

  function open(): void {
    if (closed) return
    const current = (): boolean => socket === mine && !closed
    const mine: OneSocket = {
      over: false, planned: false,
      client: new SocketModeClient({
        appToken, logger: silent as never, autoReconnectEnabled: false, clientPingTimeout: pongPatienceMs, serverPingTimeout: silenceMaxMs,
        clientOptions: { ...clientOptions(realm, watchedFetch), logger: silent as never } as never,
      }),
    }
    socket = mine
    const { client } = mine

    /** Where the socket is to be opened is Slack's to say, and nobody else's. */
    async function watchedFetch(...[url, init]: Parameters<typeof fetch>): Promise<Response> {
      if (!current()) throw new Error('This line is no longer wanted.')
      const response = await host.fetch(url, init)
      if (!current()) throw new Error('This line is no longer wanted.')
      if (response.ok) {
        const answer = await response.clone().json().catch(() => undefined) as { ok?: unknown; url?: unknown } | undefined
        if (answer?.ok === true && (typeof answer.url !== 'string' || !realm.acceptsSocket(answer.url))) throw new ForeignAnswer()
      }
      return response
    }

    const end = (reason: string): void => {
      if (mine.over || !current()) return
      mine.over = true
      if (!mine.planned) return lose(reason)
      // Slack moves us to another of its machines: no loss, and nothing to wait for.
      drop()
      open()
    }

    client.on('close', () => end('Slack closed the line.'))
    client.on('ws_message', (data: unknown) => {
      if (current() && typeof data === 'string' && data.includes('"disconnect"')) readDisconnect(data, mine)
    })
    client.on('connected', () => {
      if (!current()) return
      const gap = lastAlive === undefined ? Infinity : host.clock.now() - lastAlive
      upSince = host.clock.now()
      health.works()
      alive()
      if (gap > breakMaxMs) onReturn()
      if (settled) return
      settled = true
      settle.resolve()
    })
    client.on('slack_event', (envelope: Envelope) => {
      if (current()) void take(envelope)
    })
    after(openPatienceMs, () => lose('Slack’s socket does not answer.'))
    client.start().catch((error: unknown) => {
      // Without an error the socket itself closed, which the event tells too.
      if (error === undefined || !current()) return end('Slack closed the line.')
      mine.over = true
      const failure = readFailure(error)
      const help = helpFor(failure, 'app')
      if (help !== undefined) giveUp(help.reason, help.action, error)
      else lose(describeFailure(failure), failure.kind === 'throttled' ? failure.retryAfterMs : 0)
    })
  }

  function readDisconnect(data: string, mine: OneSocket): void {
    let message: { type?: unknown; reason?: unknown }
    try {
      message = JSON.parse(data) as typeof message
    } catch {
      // Not JSON: the SDK leaves it aside, too.
      return
    }
    if (message.type !== 'disconnect') return
    if (message.reason === 'link_disabled') health.needsYou('Socket Mode is switched off for this Slack app.', switchOn, 'works')
    else mine.planned = true
  }

  async function take({ type, body, ack }: Envelope): Promise<void> {
    const taken = await onDelivery({ type, body })
    if (taken.kind === 'left') return
    // The line may have broken meanwhile: then Slack brings it again, and it is known as a repetition.
    await ack(taken.reply === undefined ? undefined : { text: taken.reply }).catch(() => host.log.debug('slack: an acknowledgement could not be sent'))
  }

  open()
  return {
    up,
    async close() {
      closed = true
      cancelTimer()
      unsubscribe(pongs, onPong)
      if (!settled) {
        settled = true
        settle.reject(new ConnectProblem('Slack’s socket could not be opened.', { permanent: false, next: 'Check the connection to the internet.' }))
      }
      up.catch(() => undefined)
      const last = socket
      socket = undefined
      if (last !== undefined) await discard(last)
    },
  }
}

function innerOf(client: SocketModeClient): Inner {
  return client as unknown as Inner
}
