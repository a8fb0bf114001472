import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import type { AddressInfo } from 'node:net'
import { asFields } from '../wire-fields.ts'
import type { Fields } from '../wire-fields.ts'

/** A refusal as a method handler of the fake throws it. */
export class WireError extends Error {
  readonly code: string
  readonly details: Fields | undefined
  constructor(code: string, message: string, details?: Fields) {
    super(message)
    this.code = code
    this.details = details
  }
}

export interface FakeCall {
  params: Fields
  /** Sends an event to every connection. */
  emit(event: string, payload: unknown): void
  /** Sends a first answer; the handler's result is the second. */
  accept(payload: unknown): void
  gateway: FakeGateway
}

export type FakeMethods = Record<string, unknown>

export interface FakeGateway {
  port: number
  url: string
  /** Every `connect` that was offered, then every request, in order of arrival. */
  connects: Fields[]
  calls: { method: string; params: Fields }[]
  /** Answers by method name: a value, or a function of `FakeCall`. May be changed while it runs. */
  methods: FakeMethods
  emit(event: string, payload: unknown): void
  /** Drops every connection as a restart does; new ones are taken. */
  drop(code?: number, reason?: string): void
  /** Resolves with the next request of that method that arrives after this call. */
  next(method: string): Promise<Fields>
  close(): Promise<void>
}

export interface FakeGatewayOptions {
  token?: string
  methods?: FakeMethods
  /** 3: refuses clients that do not include 3 and answers with hello of that version. */
  protocol?: 3 | 4
  /** Decides about a `connect` instead of the token; throw a `WireError` to refuse. Returns the `auth` of hello. */
  admit?: (params: Fields, nonce: string) => Fields | undefined
  /** Do not send the challenge. */
  silent?: boolean
  port?: number
}

/** A gateway's socket on loopback that speaks the handshake for real and answers methods from a table. */
export async function startFakeGateway(options: FakeGatewayOptions = {}): Promise<FakeGateway> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: options.port ?? 0 })
  await new Promise<void>((resolve, reject) => server.once('listening', resolve).once('error', reject))
  const { port } = server.address() as AddressInfo
  const waiting = new Map<string, ((params: Fields) => void)[]>()
  const admitted = new Map<WebSocket, { seq: number }>()
  const gateway: FakeGateway = {
    port,
    url: `ws://127.0.0.1:${port}`,
    connects: [],
    calls: [],
    methods: options.methods ?? {},
    emit(event, payload) {
      for (const [socket, state] of admitted) socket.send(JSON.stringify({ type: 'event', event, payload, seq: ++state.seq }))
    },
    drop(code = 1012, reason = 'service restart') {
      for (const socket of admitted.keys()) socket.close(code, reason)
      admitted.clear()
    },
    next: (method) => new Promise((resolve) => waiting.set(method, [...(waiting.get(method) ?? []), resolve])),
    async close() {
      for (const socket of server.clients) socket.terminate()
      await new Promise((resolve) => server.close(resolve))
    },
  }

  server.on('connection', (socket) => {
    const nonce = `nonce-${gateway.connects.length + 1}`
    const respond = (id: unknown, frame: Fields): void => socket.send(JSON.stringify({ type: 'res', id, ...frame }))
    if (options.silent !== true) socket.send(JSON.stringify({ type: 'event', event: 'connect.challenge', payload: { nonce, ts: 1 } }))
    socket.on('message', (data) => {
      const frame = asFields(JSON.parse(String(data)))
      const method = String(frame['method'])
      const params = asFields(frame['params'])
      if (method === 'connect') {
        gateway.connects.push(params)
        try {
          const auth = admit(options, params, nonce)
          admitted.set(socket, { seq: 0 })
          respond(frame['id'], { ok: true, payload: hello(options.protocol ?? 4, Object.keys(gateway.methods), auth) })
        } catch (error) {
          const refused = error as WireError
          respond(frame['id'], { ok: false, error: { code: refused.code, message: refused.message, details: refused.details } })
          socket.close(1008, refused.message)
        }
        return
      }
      gateway.calls.push({ method, params })
      void answer(gateway, method, params, (payload) => respond(frame['id'], { ok: true, payload })).then(
        (payload) => respond(frame['id'], { ok: true, payload }),
        (error: WireError) => respond(frame['id'], { ok: false, error: { code: error.code ?? 'UNAVAILABLE', message: error.message, details: error.details } }),
      )
      const [first, ...others] = waiting.get(method) ?? []
      waiting.set(method, others)
      first?.(params)
    })
    socket.on('close', () => admitted.delete(socket))
  })
  return gateway
}

function admit(options: FakeGatewayOptions, params: Fields, nonce: string): Fields | undefined {
  const version = options.protocol ?? 4
  if (Number(params['minProtocol']) > version || Number(params['maxProtocol']) < version) throw new WireError('INVALID_REQUEST', 'protocol mismatch', { expectedProtocol: version })
  if (options.admit !== undefined) return options.admit(params, nonce)
  const token = asFields(params['auth'])['token']
  if (options.token !== undefined && token === undefined) throw new WireError('INVALID_REQUEST', 'unauthorized: gateway token missing (set gateway.remote.token)')
  if (options.token !== undefined && token !== options.token) throw new WireError('INVALID_REQUEST', 'unauthorized: gateway token mismatch (set gateway.remote.token)')
  return undefined
}

function hello(protocol: number, methods: string[], auth: Fields | undefined): Fields {
  return {
    type: 'hello-ok',
    protocol,
    server: { version: '9.9.9', connId: 'c-1' },
    features: { methods, events: ['tick', 'chat', 'agent'] },
    snapshot: { presence: [], health: {}, stateVersion: { presence: 1, health: 1 }, uptimeMs: 61_000, sessionDefaults: { defaultAgentId: 'main', mainKey: 'main', mainSessionKey: 'agent:main:main', scope: 'per-sender' } },
    ...(auth === undefined && protocol === 3 ? {} : { auth: { role: 'operator', scopes: ['operator.admin'], ...auth } }),
    policy: { maxPayload: 524_288, maxBufferedBytes: 1_572_864, tickIntervalMs: 30_000 },
  }
}

async function answer(gateway: FakeGateway, method: string, params: Fields, accept: (payload: unknown) => void): Promise<unknown> {
  if (!(method in gateway.methods)) throw new WireError('INVALID_REQUEST', `unknown method: ${method}`)
  const entry = gateway.methods[method]
  return typeof entry === 'function' ? (entry as (call: FakeCall) => unknown)({ params, emit: gateway.emit, accept, gateway }) : entry
}
