import { createHash } from 'node:crypto'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { Problem } from '@moltbot/contract'
import { connectGateway } from './gateway-client.ts'
import { realClock } from './testing/run-command.ts'

/** Something listens where the gateway should be, and means harm. The token of this computer is what it would like to have. */
const token = 'token-of-this-computer-0123456789'
const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

/** `answer` gets the request's head and may write anything; what it hears is collected. */
async function impostor(answer: (head: string, socket: Socket) => void): Promise<{ url: string; heard: () => string }> {
  let heard = ''
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    let answered = false
    socket.on('data', (data) => {
      heard += unmasked(data)
      if (answered || !data.includes('\r\n\r\n')) return
      answered = true
      answer(data.toString('latin1'), socket)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push({ close: () => new Promise<void>((resolve) => { for (const socket of sockets) socket.destroy(); server.close(() => resolve()) }) })
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, heard: () => heard }
}

/** What a client wrote, with the mask of a frame taken off; a request's head as it is. */
function unmasked(data: Buffer): string {
  const length = (data[1] ?? 0) & 0x7f
  const at = length === 126 ? 4 : length === 127 ? 10 : 2
  const key = data.subarray(at, at + 4)
  return data.toString('latin1') + Buffer.from(data.subarray(at + 4).map((byte, index) => byte ^ (key[index % 4] ?? 0))).toString('latin1')
}

const accept = (head: string): string => createHash('sha1').update(`${/sec-websocket-key: (\S+)/i.exec(head)?.[1] ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
const upgrade = (head: string, more = ''): string => `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept(head)}\r\n${more}\r\n`
function frame(text: string): Buffer {
  const body = Buffer.from(text)
  const head = body.length < 126 ? Buffer.from([0x81, body.length]) : Buffer.from([0x81, 126, body.length >> 8, body.length & 0xff])
  return Buffer.concat([head, body])
}
const hello = frame(JSON.stringify({ type: 'res', id: '1', ok: true, payload: { type: 'hello-ok', protocol: 4, server: { version: '1' }, features: { methods: [] }, snapshot: {} } }))
const challenge = frame(JSON.stringify({ type: 'event', event: 'connect.challenge', payload: { nonce: 'n' } }))

const connect = (url: string, handshakeTimeoutMs = 1_500): ReturnType<typeof connectGateway> => connectGateway({
  address: { url, tokens: [token] }, version: '1', platform: 'linux', clock: realClock, device: () => Promise.reject(new Error('no device')), startCommand: 'start', handshakeTimeoutMs,
})
const refused = async (url: string): Promise<Problem> => {
  const error: unknown = await connect(url).then((client) => { client.close(); return undefined }, (reason: unknown) => reason)
  if (!(error instanceof Problem)) throw new Error(`it was taken: ${String(error)}`)
  return error
}

describe('an answer that is none of a gateway', () => {
  it.each<[string, (head: string) => string]>([
    ['for another question', () => upgrade('sec-websocket-key: another')],
    ['without a word of what was asked', (head) => upgrade(head).replace(/Sec-WebSocket-Accept:.*\r\n/, '')],
    ['in another protocol', (head) => upgrade(head).replace('websocket', 'h2c')],
    ['with an extension nobody offered', (head) => upgrade(head, 'Sec-WebSocket-Extensions: permessage-deflate\r\n')],
    ['with a subprotocol nobody offered', (head) => upgrade(head, 'Sec-WebSocket-Protocol: chat\r\n')],
    ['of two lengths', () => 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
    ['with a length and pieces', () => 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
    ['with a line that goes on', (head) => upgrade(head).replace('Upgrade: websocket', 'Upgrade:\r\n websocket\0')],
    ['with bare line feeds', (head) => upgrade(head).replaceAll('\r\n', '\n')],
    ['with headers without end', () => `HTTP/1.1 101 Switching Protocols\r\n${'x: yyyyyyyyyyyyyyyy\r\n'.repeat(20_000)}`],
    ['that leads elsewhere', () => 'HTTP/1.1 307 Temporary Redirect\r\nLocation: ws://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n'],
    ['that comes twice', () => 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'],
  ])('%s is refused, and the token is not sent', async (_what, answer) => {
    const { url, heard } = await impostor((head, socket) => { socket.write(answer(head)); socket.write(challenge) })
    expect((await refused(url)).code).toBe('gateway-unreachable')
    expect(heard()).toContain('GET ')
    expect(heard()).not.toContain(token)
  })

  it('the twin of these, which answers as a gateway does, is sent it', async () => {
    const { url, heard } = await impostor((head, socket) => { socket.write(upgrade(head)); socket.write(challenge); socket.once('data', () => socket.write(hello)) })
    open.push(await connect(url))
    expect(heard()).toContain(token)
  })
})

describe('what a server sends', () => {
  const after = (bytes: (socket: Socket) => void): Promise<{ url: string; heard: () => string }> =>
    impostor((head, socket) => { socket.write(upgrade(head)); socket.write(challenge); socket.once('data', () => { socket.write(hello); bytes(socket) }) })

  it.each<[string, Buffer]>([
    ['a frame of a terabyte', Buffer.from([0x81, 127, 0, 0, 1, 0, 0, 0, 0, 0])],
    ['a frame larger than we take', Buffer.from([0x81, 127, 0, 0, 0, 0, 2, 0, 0, 1])],
    ['a frame with a length beyond numbers', Buffer.from([0x81, 127, 255, 255, 255, 255, 255, 255, 255, 255])],
    ['a masked frame', Buffer.from([0x81, 0x81, 1, 2, 3, 4, 5])],
    ['a packed frame', Buffer.from([0xc1, 1, 0])],
    ['text that is no UTF-8', Buffer.from([0x81, 2, 0xff, 0xff])],
    ['bytes where words belong', Buffer.concat([Buffer.from([0x82, 2]), Buffer.from('{}')])],
  ])('%s ends the connection before it takes room', async (_what, bytes) => {
    const { url } = await after((socket) => socket.write(bytes))
    const before = process.memoryUsage().arrayBuffers
    const client = await connect(url)
    open.push(client)
    await new Promise<void>((resolve) => void client.onLost(() => resolve()))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(40_000_000)
    await expect(client.request('status')).rejects.toMatchObject({ code: 'gateway-lost' })
  })

  it('twenty thousand events, answers nobody asked for and words that are none are let go, and the real answer is heard', async () => {
    const { url } = await after((socket) => {
      const noise = [{ type: 'event', event: 'chat', payload: { text: 'x'.repeat(40) } }, { type: 'res', id: '999', ok: true, payload: {} }, { type: 'res', id: '__proto__', ok: true }, 'no frame', [], null]
      const all = noise.map((one) => frame(JSON.stringify(one)))
      for (let round = 0; round < 20_000 / all.length; round += 1) socket.write(Buffer.concat(all))
      socket.on('data', () => socket.write(frame(JSON.stringify({ type: 'res', id: '2', ok: true, payload: { fine: true } }))))
    })
    const client = await connect(url, 8_000)
    open.push(client)
    expect(await client.request('status', {}, { timeoutMs: 20_000 })).toEqual({ fine: true })
  })
})
