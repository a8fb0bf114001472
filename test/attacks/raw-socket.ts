import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'

/** One WebSocket frame as a client of our own sends it; every rule may be broken. */
export interface FrameParts { fin?: boolean; rsv?: number; opcode: number; payload?: Buffer | string; mask?: boolean; /** What the length field says, in place of the payload's length. */ declared?: bigint; /** How many bytes the length field has: 1, 2 or 8. */ lengthBytes?: 1 | 2 | 8 }

export function frame({ fin = true, rsv = 0, opcode, payload = '', mask = true, declared, lengthBytes }: FrameParts): Buffer {
  const data = typeof payload === 'string' ? Buffer.from(payload, 'utf8') : payload
  const length = declared ?? BigInt(data.length)
  const size = lengthBytes ?? (length < 126n ? 1 : length < 65_536n ? 2 : 8)
  const head = Buffer.alloc(size === 1 ? 2 : 2 + size)
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode
  head[1] = (mask ? 0x80 : 0) | (size === 1 ? Number(length) : size === 2 ? 126 : 127)
  if (size === 2) head.writeUInt16BE(Number(length), 2)
  if (size === 8) head.writeBigUInt64BE(length, 2)
  if (!mask) return Buffer.concat([head, data])
  const key = randomBytes(4)
  const masked = Buffer.from(data)
  for (let index = 0; index < masked.length; index++) masked[index] = (masked[index] ?? 0) ^ (key[index % 4] ?? 0)
  return Buffer.concat([head, key, masked])
}

export const text = (payload: string): Buffer => frame({ opcode: 1, payload })
/** A close frame with a code and reason. */
export function closeFrame(code: number, reason: string | Buffer = ''): Buffer {
  const payload = Buffer.alloc(2)
  payload.writeUInt16BE(code)
  return frame({ opcode: 8, payload: Buffer.concat([payload, Buffer.from(reason as string)]) })
}

export interface ServerFrame { opcode: number; payload: Buffer }
export type Json = Record<string, unknown> & { id?: string; ok?: boolean; event?: string; error?: { code: string; message: string }; payload?: unknown }

/** The status line and headers with which an upgrade was answered, and the socket where it was accepted. */
export interface Upgraded { status: number; head: string; socket: RawSocket }

const key = 'dGhlIHNhbXBsZSBub25jZQ=='

/** Sends the opening handshake with these header lines in place of (or, `undefined`, without) the proper ones. */
export function upgrade(port: number, headers: Readonly<Record<string, string | readonly string[] | undefined>> = {}, options: { path?: string; line?: string; body?: string } = {}): Promise<Upgraded> {
  return new Promise((resolve, reject) => {
    const all: Record<string, string | readonly string[] | undefined> = { Host: `127.0.0.1:${port}`, Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': key, ...headers }
    const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [value].flat().map((each) => `${name}: ${each}\r\n`)))
    const socket = connect({ port, host: '127.0.0.1' })
    let received = Buffer.alloc(0)
    const look = (data: Buffer): void => {
      received = Buffer.concat([received, data])
      const end = received.indexOf('\r\n\r\n')
      if (end === -1) return
      socket.removeListener('data', look)
      const head = received.subarray(0, end).toString('latin1')
      resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0), head, socket: new RawSocket(socket, received.subarray(end + 4)) })
    }
    socket.on('data', look)
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('closed before an answer')))
    socket.write(Buffer.from(`${options.line ?? `GET ${options.path ?? '/'} HTTP/1.1`}\r\n${lines.join('')}\r\n${options.body ?? ''}`, 'latin1'))
  })
}

/** A connection whose frames are written by hand and kept as they come. */
export class RawSocket {
  readonly socket: Socket
  readonly frames: ServerFrame[] = []
  /** The code of the server's close frame; undefined: none came. */
  closeCode: number | undefined
  ended = false
  #buffer: Buffer
  #waiters: (() => void)[] = []

  constructor(socket: Socket, rest: Buffer) {
    this.socket = socket
    this.#buffer = Buffer.from(rest)
    socket.removeAllListeners('error').on('error', () => undefined)
    socket.removeAllListeners('close').on('close', () => {
      this.ended = true
      this.#wake()
    })
    socket.on('data', (data: Buffer) => {
      this.#buffer = Buffer.concat([this.#buffer, data])
      this.#read()
    })
    this.#read()
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter()
  }

  #read(): void {
    for (;;) {
      const [first, second] = this.#buffer
      if (first === undefined || second === undefined) break
      let length = second & 0x7f
      let at = 2
      if (length === 126) { if (this.#buffer.length < 4) break; length = this.#buffer.readUInt16BE(2); at = 4 }
      else if (length === 127) { if (this.#buffer.length < 10) break; length = Number(this.#buffer.readBigUInt64BE(2)); at = 10 }
      if (this.#buffer.length < at + length) break
      const payload = Buffer.from(this.#buffer.subarray(at, at + length))
      this.#buffer = this.#buffer.subarray(at + length)
      this.frames.push({ opcode: first & 0x0f, payload })
      if ((first & 0x0f) === 8 && payload.length >= 2) this.closeCode = payload.readUInt16BE(0)
    }
    this.#wake()
  }

  send(...bytes: Buffer[]): void {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(bytes))
  }

  json(value: unknown): void {
    this.send(text(JSON.stringify(value)))
  }

  async until<T>(look: () => T | undefined, what: string, waitMs = 60_000): Promise<T> {
    const deadline = Date.now() + waitMs
    for (;;) {
      const found = look()
      if (found !== undefined) return found
      if (this.ended) throw new Error(`closed (${this.closeCode ?? 'no code'}) before ${what}`)
      const left = deadline - Date.now()
      if (left <= 0) throw new Error(`waited in vain for ${what}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        this.#waiters.push(() => { clearTimeout(timer); resolve() })
      })
    }
  }

  messages(): Json[] {
    return this.frames.filter(({ opcode }) => opcode === 1).map(({ payload }) => JSON.parse(payload.toString('utf8')) as Json)
  }

  response(id: string): Promise<Json> {
    return this.until(() => this.messages().find((message) => message['type'] === 'res' && message.id === id), `the response to ${id}`)
  }

  /** Resolves with the close code once the connection ended; `undefined`: it ended without one. */
  async end(waitMs = 60_000): Promise<number | undefined> {
    const deadline = Date.now() + waitMs
    while (!this.ended) {
      // Whoever got a close frame answers it and hangs up, as a client does.
      if (this.closeCode !== undefined) this.socket.end()
      const left = deadline - Date.now()
      if (left <= 0) throw new Error('the connection did not end')
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 1_000))
        this.#waiters.push(() => { clearTimeout(timer); resolve() })
      })
    }
    return this.closeCode
  }

  async challenge(): Promise<{ nonce: string; ts: number }> {
    return (await this.until(() => this.messages().find(({ event }) => event === 'connect.challenge'), 'the challenge')).payload as { nonce: string; ts: number }
  }

  async connect(params: Record<string, unknown>): Promise<Json> {
    await this.challenge()
    this.json({ type: 'req', id: 'connect', method: 'connect', params: { minProtocol: 4, maxProtocol: 4, client: { id: 'test', version: '1', platform: 'linux', mode: 'test' }, role: 'operator', scopes: ['operator.admin'], ...params } })
    return this.response('connect')
  }

  request(id: string, method: string, params: unknown = {}): Promise<Json> {
    this.json({ type: 'req', id, method, params })
    return this.response(id)
  }

  destroy(): void {
    this.socket.destroy()
  }
}
