import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secret } from '@moltbot/contract'
import { WebSocket, type ClientOptions } from 'ws'
import type { WireEvents } from '../broadcast.ts'
import { createDoor, type Door, type DoorOptions } from '../door.ts'
import type { Method } from '../method.ts'
import type { CertificateFacts } from '../tls/server-certificate.ts'
import { fakeRooms, type FakeRooms } from './fake-rooms.ts'

export const testToken = 'test-token-0123456789abcdef-0123456789abcdef'

export interface RunningDoor {
  door: Door
  rooms: FakeRooms
  port: number
  addresses: string[]
  certificate: CertificateFacts | undefined
  socketPath: string | undefined
  url: string
  /** Changes the token from now on. */
  setToken(value: string | undefined): void
  /** A socket that keeps every frame. */
  open(options?: ClientOptions): Promise<TestSocket>
  close(): Promise<void>
}

/** A real door on a free loopback port, over hand-made rooms. */
export async function runDoor(options: { methods?: readonly Method[]; events?: WireEvents; uiDir?: string; config?: Record<string, unknown>; rooms?: FakeRooms; token?: string } & Partial<Pick<DoorOptions, 'bind' | 'port' | 'whois' | 'fetchKeys' | 'socketPath' | 'certificateFolder' | 'certificateKeys'>> = {}): Promise<RunningDoor> {
  const rooms = options.rooms ?? (await fakeRooms({ config: { gateway: options.config ?? {} } }))
  let token: string | undefined = options.token ?? testToken
  const door = createDoor({
    rooms,
    methods: options.methods ?? [],
    events: options.events ?? { start: () => () => undefined, names: () => ['chat'] },
    uiDir: options.uiDir,
    token: async () => (token === undefined ? undefined : new Secret('gateway token', token)),
    random: randomBytes,
    port: options.port ?? 0,
    certificateFolder: options.certificateFolder ?? join(tmpdir(), `moltbot-door-${randomBytes(6).toString('hex')}`),
    ...(options.socketPath === undefined ? {} : { socketPath: options.socketPath }),
    ...(options.certificateKeys === undefined ? {} : { certificateKeys: options.certificateKeys }),
    ...(options.bind === undefined ? {} : { bind: options.bind }), ...(options.whois === undefined ? {} : { whois: options.whois }), ...(options.fetchKeys === undefined ? {} : { fetchKeys: options.fetchKeys }),
  })
  const { port, addresses, certificate, socketPath } = await door.listen()
  const sockets: TestSocket[] = []
  return {
    door, rooms, port, addresses, certificate, socketPath,
    url: `http://127.0.0.1:${port}`,
    setToken: (value) => (token = value),
    async open(socketOptions) {
      const socket = new TestSocket(`ws://127.0.0.1:${port}/`, socketOptions)
      sockets.push(socket)
      await socket.opened()
      return socket
    },
    async close() {
      for (const socket of sockets) socket.ws.terminate()
      await door.close()
      await rooms.store.close()
    },
  }
}

export type Frame = Record<string, unknown> & { type?: string; id?: string; event?: string; ok?: boolean; payload?: unknown; error?: { code: string; message: string; details?: Record<string, unknown>; retryAfterMs?: number }; seq?: number }

/** A client that keeps what it hears. Each wait resolves with the first frame that fits, earlier ones included. */
export class TestSocket {
  readonly ws: WebSocket
  readonly frames: Frame[] = []
  closed: { code: number; reason: string } | undefined
  #waiters: (() => void)[] = []
  #next = 0

  constructor(url: string, options: ClientOptions = {}) {
    this.ws = new WebSocket(url, options)
    this.ws.on('message', (data: Buffer) => {
      this.frames.push(JSON.parse(data.toString('utf8')) as Frame)
      this.#wake()
    })
    this.ws.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString('utf8') }
      this.#wake()
    })
    this.ws.on('error', () => this.#wake())
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter()
  }

  async opened(): Promise<void> {
    if (this.ws.readyState !== WebSocket.OPEN) await once(this.ws, 'open')
  }

  async frame(fits: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const found = this.frames.find(fits)
      if (found !== undefined) return found
      if (this.closed !== undefined) throw new Error(`closed ${this.closed.code} "${this.closed.reason}" before the frame came; heard ${JSON.stringify(this.frames).slice(0, 800)}`)
      await new Promise<void>((resolve) => this.#waiters.push(resolve))
    }
  }

  event(name: string): Promise<Frame> {
    return this.frame((frame) => frame.event === name)
  }

  response(id: string): Promise<Frame> {
    return this.frame((frame) => frame.type === 'res' && frame.id === id)
  }

  async ended(): Promise<{ code: number; reason: string }> {
    while (this.closed === undefined) await new Promise<void>((resolve) => this.#waiters.push(resolve))
    return this.closed
  }

  async challenge(): Promise<{ nonce: string; ts: number }> {
    return (await this.event('connect.challenge')).payload as { nonce: string; ts: number }
  }

  send(value: unknown): void {
    this.ws.send(typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value))
  }

  request(method: string, params?: unknown, id = `r${++this.#next}`): Promise<Frame> {
    this.send({ type: 'req', id, method, ...(params === undefined ? {} : { params }) })
    return this.response(id)
  }

  connect(params: Record<string, unknown> = {}): Promise<Frame> {
    return this.request('connect', connectParams(params))
  }
}

/** A `connect` of protocol 4 with the test's token; `params` replaces any key. */
export function connectParams(params: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    minProtocol: 4, maxProtocol: 4, client: { id: 'test', version: '1', platform: 'linux', mode: 'test' },
    role: 'operator', scopes: ['operator.admin'], auth: { token: testToken }, ...params,
  }
}

/** A device with a key of its own. */
export interface TestDevice { id: string; publicKey: string; key: KeyObject }

export function newDevice(): TestDevice {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)
  return { id: createHash('sha256').update(raw).digest('hex'), publicKey: raw.toString('base64url'), key: privateKey }
}

/** The `device` member of a `connect` request, signed as version `v1`, `v2` or `v3` of the text. */
export function signDevice(device: TestDevice, params: Record<string, unknown>, nonce: string | undefined, options: { signedAt?: number; version?: 'v1' | 'v2' | 'v3' } = {}): Record<string, unknown> {
  const signedAt = options.signedAt ?? Date.now()
  const client = params['client'] as { id: string; mode: string; platform: string; deviceFamily?: string }
  const auth = (params['auth'] ?? {}) as { token?: string; deviceToken?: string }
  const version = options.version ?? (nonce === undefined ? 'v1' : 'v2')
  const parts = [version, device.id, client.id, client.mode, params['role'] ?? 'operator', ((params['scopes'] as string[] | undefined) ?? []).join(','), signedAt, auth.token ?? auth.deviceToken ?? '']
  if (version !== 'v1') parts.push(nonce ?? '')
  if (version === 'v3') parts.push(client.platform.toLowerCase(), (client.deviceFamily ?? '').toLowerCase())
  return { id: device.id, publicKey: device.publicKey, signature: sign(null, Buffer.from(parts.join('|')), device.key).toString('base64url'), signedAt, ...(nonce === undefined ? {} : { nonce }) }
}
