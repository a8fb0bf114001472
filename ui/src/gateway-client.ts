import { fields, list, words } from './wire.ts'

/** What the page needs of a WebSocket, so that a test can hand in another. */
export type SocketLike = Pick<WebSocket, 'send' | 'close' | 'readyState' | 'addEventListener'>

/** Everything ambient the client uses, handed in by the page. */
export interface ClientSurroundings {
  /** Where to connect: the page's own origin with `ws:` or `wss:`. */
  url: string
  openSocket(url: string): SocketLike
  now(): number
  /** 0 ≤ x < 1. */
  random(): number
  newId(): string
  setTimer(task: () => void, ms: number): () => void
  /** Asks over HTTP whether the browser is still signed in. `unknown`: the gateway could not be reached. */
  checkSignIn(): Promise<'signed-in' | 'signed-out' | 'unknown'>
  /** Whether nobody looks at the page: then it comes back rarely, for the battery's sake. Absent: somebody does. */
  isUnseen?(): boolean
  version: string
  platform: string
  locale: string
  userAgent: string
  /** What this browser would be called, and what it can do for the assistant now. Absent: it is asked for nothing. */
  lends?: { as: string; commands(): readonly string[] }
}

/** Which files the gateway takes beside pictures. */
export interface FilesTaken { bytesMax: number; documents: boolean; sound: boolean }

export interface Hello {
  version: string
  connectionId: string
  methods: ReadonlySet<string>
  mainSessionKey: string
  defaultAgent: string
  tickMs: number
  /** The most bytes one frame to the gateway may have. */
  payloadMax: number
  files: FilesTaken
  snapshot: Record<string, unknown>
}

export type ConnectionState =
  | { kind: 'connecting'; attempt: number }
  | { kind: 'online'; hello: Hello }
  /** Not connected; the next attempt is at `retryAt` (epoch ms). `why`: the gateway said it restarts, or the line broke. */
  | { kind: 'waiting'; retryAt: number; attempt: number; why: 'lost' | 'restarting' }
  /** The browser's session is over. Only signing in again helps. */
  | { kind: 'signed-out' }
  /** The gateway refused this page for good; `reason` is its sentence. Only a reload or an update helps. */
  | { kind: 'refused'; reason: string }

/** The gateway's own "no" to a request. */
export class GatewayError extends Error {
  readonly code: string
  /** What to do about it, when the gateway said so. */
  readonly next: string | undefined
  readonly retryable: boolean
  /** What else it said about it. */
  readonly details: Readonly<Record<string, unknown>>
  constructor(code: string, message: string, next: string | undefined, retryable: boolean, details: Record<string, unknown> = {}) {
    super(message)
    this.name = 'GatewayError'
    this.code = code
    this.next = next
    this.retryable = retryable
    this.details = details
  }
}

/** The line broke (or was never there) before an answer came. Whether the gateway acted is unknown. */
export class ConnectionLost extends Error {
  constructor() {
    super('the connection to the gateway was lost before it answered')
    this.name = 'ConnectionLost'
  }
}

export interface GatewayClient {
  start(): void
  /** Closes for good; nothing reconnects afterwards. */
  stop(): void
  /** Tries at once instead of waiting for the countdown. Online, and nothing heard for a moment: asks for a sign of life, and where none comes the line was dead. */
  retryNow(): void
  /** Rejects with `GatewayError` (the gateway's no) or `ConnectionLost`. */
  request(method: string, params?: Record<string, unknown>, timeoutMs?: number): Promise<unknown>
  /** Returns how to stop listening. */
  on(event: string, listener: (payload: unknown) => void): () => void
  onState(listener: (state: ConnectionState) => void): () => void
  /** Some events were missed; what was built from events has to be read again. */
  onGap(listener: () => void): () => void
  state(): ConnectionState
}

const firstDelayMs = 800
const delayFactor = 1.7
const delayMaxMs = 15_000
const unseenDelayMaxMs = 300_000
/** A line that said something within this is alive. */
const quietMs = 1_000
const proofMs = 5_000
const handshakeMs = 15_000
const requestMs = 30_000

/** Wait before attempt `attempt` (from 1): grows by 1.7 up to 15 s, where nobody looks up to five minutes, spread over its upper half so that many pages don't come back at once. */
export function reconnectDelay(attempt: number, random: number, isUnseen = false): number {
  const ceiling = Math.min(isUnseen ? unseenDelayMaxMs : delayMaxMs, firstDelayMs * delayFactor ** (attempt - 1))
  return Math.round(ceiling * (0.5 + random / 2))
}

const clientId = 'moltbot-control-ui'
const scopes = ['operator.admin', 'operator.read', 'operator.write', 'operator.approvals', 'operator.pairing']

function readHello(payload: unknown): Hello {
  const raw = fields(payload)
  const server = fields(raw['server'])
  const snapshot = fields(raw['snapshot'])
  const defaults = fields(snapshot['sessionDefaults'])
  const policy = fields(raw['policy'])
  const attachments = fields(policy['attachments'])
  const methods = list(fields(raw['features'])['methods']).filter((name) => typeof name === 'string')
  return {
    version: words(server['version']) ?? '',
    connectionId: words(server['connId']) ?? '',
    methods: new Set(methods),
    mainSessionKey: words(defaults['mainSessionKey']) ?? 'agent:main:main',
    defaultAgent: words(defaults['defaultAgentId']) ?? 'main',
    tickMs: typeof policy['tickIntervalMs'] === 'number' ? policy['tickIntervalMs'] : 30_000,
    payloadMax: typeof policy['maxPayload'] === 'number' ? policy['maxPayload'] : 524_288,
    files: { bytesMax: typeof attachments['maxBytes'] === 'number' ? attachments['maxBytes'] : 0, documents: attachments['documents'] === true, sound: attachments['sound'] === true },
    snapshot,
  }
}

/** One connection that keeps itself alive. It knows frames and nothing about chats. */
export function createGatewayClient(world: ClientSurroundings): GatewayClient {
  let state: ConnectionState = { kind: 'connecting', attempt: 0 }
  let socket: SocketLike | undefined
  let attempt = 0
  let lastSeq: number | undefined
  let heardAt = 0
  let announcedRestart = false
  let stopped = false
  let cancelRetry: (() => void) | undefined
  let cancelWatch: (() => void) | undefined
  let cancelHandshake: (() => void) | undefined
  const waiting = new Map<string, { resolve(value: unknown): void; reject(error: Error): void; cancel(): void }>()
  const listeners = new Map<string, Set<(payload: unknown) => void>>()
  const stateListeners = new Set<(state: ConnectionState) => void>()
  const gapListeners = new Set<() => void>()

  function become(next: ConnectionState): void {
    state = next
    for (const listener of [...stateListeners]) listener(next)
  }

  function dropRequests(): void {
    const open = [...waiting.values()]
    waiting.clear()
    for (const request of open) {
      request.cancel()
      request.reject(new ConnectionLost())
    }
  }

  function ask(line: SocketLike, method: string, params: Record<string, unknown> | undefined, timeoutMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = world.newId()
      const cancel = world.setTimer(() => {
        waiting.delete(id)
        reject(new ConnectionLost())
        // Silence on an open socket is a dead line; a fresh one will tell.
        line.close(4000, 'request timeout')
      }, timeoutMs)
      waiting.set(id, { resolve, reject, cancel })
      line.send(JSON.stringify({ type: 'req', id, method, params: params ?? {} }))
    })
  }

  function handshake(line: SocketLike): void {
    const params = {
      minProtocol: 4,
      maxProtocol: 4,
      client: { id: clientId, version: world.version, platform: world.platform, mode: 'webchat', instanceId: world.newId(), ...(world.lends === undefined ? {} : { modelIdentifier: world.lends.as }) },
      role: 'operator',
      scopes,
      caps: ['tool-events', 'approvals'],
      ...(world.lends === undefined ? {} : { commands: world.lends.commands() }),
      locale: world.locale,
      userAgent: world.userAgent,
    }
    ask(line, 'connect', params, handshakeMs).then(
      (payload) => {
        if (socket !== line) return
        cancelHandshake?.()
        attempt = 0
        lastSeq = undefined
        announcedRestart = false
        become({ kind: 'online', hello: readHello(payload) })
      },
      (error: unknown) => {
        if (socket !== line || !(error instanceof GatewayError)) return
        if (error.code === 'UNAVAILABLE') return void line.close(4008, 'connect failed')
        refuse(error.message)
        line.close(4008, 'connect failed')
      },
    )
  }

  /** The gateway said no to this page: a missing sign-in has its own way out. */
  function refuse(reason: string): void {
    socket = undefined
    cleanUp()
    become(/unauthorized|sign|session expired|pairing required|device identity/i.test(reason) ? { kind: 'signed-out' } : { kind: 'refused', reason })
  }

  function cleanUp(): void {
    cancelHandshake?.()
    cancelWatch?.()
    cancelHandshake = cancelWatch = undefined
    dropRequests()
  }

  /** Every frame proves life; two ticks without one mean the line is dead even if the browser has not noticed. */
  function watch(line: SocketLike): void {
    cancelWatch?.()
    const tickMs = state.kind === 'online' ? state.hello.tickMs : handshakeMs
    cancelWatch = world.setTimer(() => {
      line.close(4000, 'tick timeout')
      if (socket === line) lost(line, 4000, '')
    }, tickMs * 2 + 5_000)
  }

  function receive(line: SocketLike, data: unknown): void {
    if (typeof data !== 'string') return
    let frame: Record<string, unknown>
    try {
      frame = fields(JSON.parse(data))
    } catch {
      // A frame that is no JSON carries nothing we could use; the gap check catches what it may have been.
      return
    }
    watch(line)
    heardAt = world.now()
    if (frame['type'] === 'res') {
      const id = words(frame['id']) ?? ''
      const request = waiting.get(id)
      if (request === undefined) return
      waiting.delete(id)
      request.cancel()
      if (frame['ok'] === true) return request.resolve(frame['payload'])
      const error = fields(frame['error'])
      const details = fields(error['details'])
      request.reject(new GatewayError(words(error['code']) ?? 'UNAVAILABLE', words(error['message']) ?? 'The gateway refused.', words(details['next']), error['retryable'] === true, details))
      return
    }
    if (frame['type'] !== 'event') return
    const event = words(frame['event']) ?? ''
    if (event === 'connect.challenge') return handshake(line)
    if (event === 'shutdown') announcedRestart = true
    const seq = frame['seq']
    const gap = typeof seq === 'number' && lastSeq !== undefined && seq > lastSeq + 1
    if (typeof seq === 'number') lastSeq = seq
    for (const listener of [...(listeners.get(event) ?? [])]) listener(frame['payload'])
    if (gap) for (const listener of [...gapListeners]) listener()
  }

  function scheduleRetry(why: 'lost' | 'restarting'): void {
    attempt += 1
    const delay = why === 'restarting' && attempt === 1 ? 400 : reconnectDelay(attempt, world.random(), world.isUnseen?.())
    become({ kind: 'waiting', retryAt: world.now() + delay, attempt, why })
    cancelRetry = world.setTimer(open, delay)
  }

  function lost(line: SocketLike, code: number, reason: string): void {
    if (socket !== line || stopped) return
    const wasOnline = state.kind === 'online'
    socket = undefined
    cleanUp()
    if (code === 4401 || code === 4001 || (code === 1008 && /unauthorized|token|sign|revoked/i.test(reason))) return become({ kind: 'signed-out' })
    if (code === 1002 || (code === 1008 && !/slow consumer|timeout/i.test(reason) && reason !== '' && !wasOnline)) {
      return become({ kind: 'refused', reason: reason === '' ? 'protocol mismatch' : reason })
    }
    const why = code === 1012 || code === 1013 || announcedRestart ? 'restarting' : 'lost'
    if (wasOnline) return scheduleRetry(why)
    // A browser hides why an upgrade failed. Ask over HTTP whether the cookie is still good before trying for ever.
    become({ kind: 'waiting', retryAt: world.now(), attempt: attempt + 1, why })
    void world.checkSignIn().then((answer) => {
      if (stopped || socket !== undefined || state.kind !== 'waiting') return
      if (answer === 'signed-out') become({ kind: 'signed-out' })
      else scheduleRetry(why)
    })
  }

  /** After a sleep or a change of network a line may be dead without anybody having said so. */
  function prove(line: SocketLike): void {
    ask(line, 'health', {}, proofMs).catch((error: unknown) => {
      if (error instanceof ConnectionLost) lost(line, 4000, '')
    })
  }

  function open(): void {
    if (stopped || socket !== undefined) return
    cancelRetry?.()
    cancelRetry = undefined
    become({ kind: 'connecting', attempt })
    const line = world.openSocket(world.url)
    socket = line
    cancelHandshake = world.setTimer(() => {
      line.close(4000, 'handshake timeout')
      lost(line, 4000, '')
    }, handshakeMs)
    line.addEventListener('message', (event) => {
      if (socket === line) receive(line, event.data)
    })
    line.addEventListener('close', (event) => lost(line, event.code, event.reason))
  }

  return {
    start: open,
    stop() {
      stopped = true
      cancelRetry?.()
      const line = socket
      socket = undefined
      cleanUp()
      line?.close(1000, 'page closed')
    },
    retryNow() {
      if (state.kind !== 'online') return open()
      if (socket !== undefined && world.now() - heardAt > quietMs) prove(socket)
    },
    request(method, params, timeoutMs = requestMs) {
      if (socket === undefined || state.kind !== 'online') return Promise.reject(new ConnectionLost())
      return ask(socket, method, params, timeoutMs)
    },
    on(event, listener) {
      const known = listeners.get(event) ?? new Set()
      known.add(listener)
      listeners.set(event, known)
      return () => void known.delete(listener)
    },
    onState(listener) {
      stateListeners.add(listener)
      return () => void stateListeners.delete(listener)
    },
    onGap(listener) {
      gapListeners.add(listener)
      return () => void gapListeners.delete(listener)
    },
    state: () => state,
  }
}
