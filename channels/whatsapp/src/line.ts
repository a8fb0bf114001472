import type { BinaryNode, WAMessage, WASocket, proto } from 'baileys'
import { ConnectProblem, describeError, linePause, type ChannelHost, type HealthKeeper } from '@moltbot/contract'
import type { DeviceKeys } from './device-keys.ts'
import { readEnding, statusOf, linkAgain } from './failures.ts'
import { discardSocket, makeSocket } from './library-socket.ts'
import { quietLogger, type Library } from './library.ts'
import type { SteadySessions } from './steady-sessions.ts'
import { createWireGate, type WireGate } from './wire-gate.ts'

/** Between two proofs of life, and how long one may take. Together well under the 90 s after which "connected" would be a guess. */
const pingEveryMs = 30_000
const pingPatienceMs = 20_000
/** Opening must not hang on a silent network. */
const openPatienceMs = 25_000
const pauses = { firstMs: 2_000, factor: 1.8, maxMs: 30_000, spread: 0.25 }
/** A line that stood this long was a success: the next pause is short again. */
const steadyAfterMs = 30_000
/** After this many lines in a row that were refused with a broken session, only linking again helps. */
const brokenMax = 5
const badSession = 500

export interface Line {
  /** Resolves when the line stands for the first time; rejects with a `ConnectProblem` when only a person can help. */
  up: Promise<void>
  /** The live line; undefined while there is none. */
  socket(): WASocket | undefined
  /** Whether this very line is the one that counts, standing or about to. */
  isCurrent(socket: WASocket): boolean
  /** What holds back, on this line, what is written. Undefined: the line is gone. */
  gate(socket: WASocket): WireGate | undefined
  /** Resolves when this very line is gone. */
  gone(socket: WASocket): Promise<void>
  /** Drops the line and opens another. */
  renew(reason: string): void
  close(): Promise<void>
}

export interface LineOptions {
  library: Library
  host: ChannelHost
  device: DeviceKeys
  health: HealthKeeper
  sessions: SteadySessions
  address: string
  version: string | undefined
  /** One message as it came. `pass` lets the library acknowledge it and do what else is due. */
  onMessage(node: BinaryNode, socket: WASocket, pass: (node: BinaryNode) => Promise<void>): void
  /** What the library read by other ways than `onMessage`. */
  onLateMessage(message: WAMessage, socket: WASocket): void
  /** What a message of ours said, for a device that could not open it and asks again. */
  contentOf(id: string): proto.IMessage | undefined
}

interface Current { socket: WASocket; gate: WireGate; alive: boolean; over: () => void; gone: Promise<void>; cancels: (() => void)[]; open: boolean }

/** Settings every line shares. Nothing is fetched for previews, nobody is told that we are online, no old history is asked for. */
export function socketSettings(library: Library, host: ChannelHost, address: string, version: string | undefined): Omit<Parameters<Library['makeWASocket']>[0], 'auth'> {
  const { HistorySyncType } = library.proto.HistorySync
  const wanted = new Set<unknown>([HistorySyncType.INITIAL_BOOTSTRAP, HistorySyncType.PUSH_NAME, HistorySyncType.NON_BLOCKING_DATA])
  return {
    waWebSocketUrl: address, logger: quietLogger(host.log) as never, browser: ['Moltbot', 'Chrome', '1.0'], emitOwnEvents: false, markOnlineOnConnect: false,
    syncFullHistory: false, shouldSyncHistoryMessage: ({ syncType }) => wanted.has(syncType), generateHighQualityLinkPreview: false, fireInitQueries: false,
    // A commit that fails is not repeated by the library: its line may have been replaced meanwhile.
    transactionOpts: { maxCommitRetries: 1, delayBetweenTriesMs: 1 }, defaultQueryTimeoutMs: 20_000, connectTimeoutMs: 20_000, keepAliveIntervalMs: 45_000, retryRequestDelayMs: 250,
    ...(version === undefined ? {} : { version: version.split('.').map(Number) as [number, number, number] }),
  }
}

/** One live connection to WhatsApp, over as many sockets as it takes, one at a time. */
export function openLine({ library, host, device, health, sessions, address, version, onMessage, onLateMessage, contentOf }: LineOptions): Line {
  let current: Current | undefined
  let closed = false
  let attempt = 0
  let broken = 0
  let upSince: number | undefined
  let settled = false
  let settle: { resolve(): void; reject(error: unknown): void } = { resolve: () => {}, reject: () => {} }
  const up = new Promise<void>((resolve, reject) => (settle = { resolve, reject }))
  let cancelNext = (): void => {}

  function drop(): void {
    const line = current
    current = undefined
    if (line === undefined) return
    line.alive = false
    for (const cancel of line.cancels) cancel()
    discardSocket(line.socket)
    line.over()
  }

  function lose(status: number | undefined, words?: string): void {
    if (closed) return
    drop()
    if (upSince !== undefined && host.clock.now() - upSince >= steadyAfterMs) attempt = 0
    upSince = undefined
    broken = status === badSession ? broken + 1 : 0
    const ending = broken >= brokenMax ? { kind: 'stop' as const, reason: 'WhatsApp breaks off every connection of this device.', action: linkAgain } : readEnding(status)
    if (ending.kind === 'stop') return giveUp(ending.reason, ending.action)
    if (!settled && ending.soon !== true) {
      // Nothing stood yet: whoever opens the account hears it, and decides when to try again.
      settled = true
      closed = true
      return settle.reject(new ConnectProblem(ending.reason, { permanent: false, next: 'It is tried again by itself.' }))
    }
    attempt += 1
    const soon = ending.soon === true && attempt < 3
    const delayMs = soon ? 0 : Math.max(linePause(attempt, host.clock.now(), pauses), ending.throttledMs ?? 0)
    const reason = words ?? ending.reason
    host.log.info('whatsapp: the line is lost', { reason, attempt, delayMs })
    health.retrying(reason, attempt, host.clock.now() + delayMs)
    // There is no line meanwhile: the end of the wait alone makes it no better.
    if (ending.throttledMs !== undefined) health.throttled(ending.throttledMs)
    cancelNext()
    cancelNext = host.clock.after(delayMs, open)
  }

  function giveUp(reason: string, action: string): void {
    drop()
    cancelNext()
    health.needsYou(reason, action, 'alive')
    if (settled) return
    settled = true
    settle.reject(new ConnectProblem(reason, { permanent: true, next: action }))
  }

  function open(): void {
    if (closed) return
    drop()
    let over = (): void => {}
    const line: Current = { socket: undefined as never, gate: undefined as never, alive: true, over: () => over(), gone: new Promise((resolve) => (over = resolve)), cancels: [], open: false }
    try {
      line.socket = makeSocket(library, { ...socketSettings(library, host, address, version), makeSignalRepository: sessions.makeRepository, getMessage: async ({ id }) => contentOf(id ?? ''), auth: { creds: device.creds, keys: device.keysFor(() => line.alive) } })
      line.gate = createWireGate(line.socket)
    } catch (error) {
      host.log.warn('whatsapp: a line could not be begun', { error: describeError(error) })
      return lose(undefined)
    }
    current = line
    const { socket } = line
    line.cancels.push(host.clock.after(openPatienceMs, () => {
      if (!line.open && line.alive) lose(408)
    }))
    takeOver(socket)
    socket.ev.on('creds.update', () => {
      if (line.alive) device.save().catch((error: unknown) => host.log.warn('whatsapp: who we are could not be sealed', { error: describeError(error) }))
    })
    socket.ev.on('messages.upsert', ({ messages }) => {
      if (line.alive) for (const message of messages) onLateMessage(message, socket)
    })
    socket.ev.on('connection.update', ({ connection, lastDisconnect, qr }) => {
      if (!line.alive) return
      if (qr !== undefined) return lose(401)
      if (connection === 'close') return lose(statusOf(lastDisconnect?.error))
      if (connection !== 'open') return
      line.open = true
      upSince = host.clock.now()
      broken = 0
      health.alive()
      ping(line)
      settled = true
      settle.resolve()
    })
  }

  /** Messages reach us before the library acknowledges them: its own listener runs when what they say is durable. */
  function takeOver(socket: WASocket): void {
    const listeners = socket.ws.listeners('CB:message') as ((node: BinaryNode) => Promise<void>)[]
    socket.ws.removeAllListeners('CB:message')
    socket.ws.on('CB:message', (node: BinaryNode) => {
      if (current?.socket === socket) {
        onMessage(node, socket, async (given) => {
          for (const listener of listeners) await listener(given)
        })
      }
    })
  }

  function ping(line: Current): void {
    line.cancels.push(host.clock.after(pingEveryMs, () => {
      if (!line.alive) return
      let answered = false
      const tooLate = host.clock.after(pingPatienceMs, () => {
        if (line.alive && !answered) lose(408, 'WhatsApp does not answer on this line.')
      })
      line.cancels.push(tooLate)
      line.socket.query({ tag: 'iq', attrs: { to: library.S_WHATSAPP_NET, type: 'get', xmlns: 'w:p' }, content: [{ tag: 'ping', attrs: {} }] }).then((answer: unknown) => {
        if (answer === undefined || !line.alive) return
        answered = true
        tooLate()
        line.cancels.length = 0
        health.alive()
        ping(line)
      }, () => {
        // The end of the line is told by its own event; silence by the clock above.
      })
    }))
  }

  open()
  return {
    up,
    socket: () => (current?.open === true ? current.socket : undefined),
    isCurrent: (socket) => current?.socket === socket,
    gate: (socket) => (current?.socket === socket ? current.gate : undefined),
    gone: (socket) => (current?.socket === socket ? current.gone : Promise.resolve()),
    renew: (reason) => lose(428, reason),
    async close() {
      closed = true
      cancelNext()
      await device.save().catch((error: unknown) => host.log.warn('whatsapp: who we are could not be sealed', { error: describeError(error) }))
      drop()
      if (!settled) {
        settled = true
        settle.reject(new ConnectProblem('The connection was closed before it stood.', { permanent: false, next: 'Try again in a moment.' }))
        up.catch(() => {
          // Whoever waited has heard it; nobody else has to.
        })
      }
    },
  }
}
