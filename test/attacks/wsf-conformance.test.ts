import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { Type } from 'typebox'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { defineMethod } from '../../gateway/src/api/index.ts'
import { runDoor, testToken, type RunningDoor } from '../../gateway/src/api/testing/test-client.ts'
import { closeFrame, frame, upgrade, type RawSocket } from './raw-socket.ts'

/**
 * RFC 6455 by the categories of the public conformance suite: framing (1), pings (2), reserved bits (3), opcodes (4), fragments (5), UTF-8 (6),
 * closing (7), limits (9), many messages (10). Our protocol does not echo, so a request carries the payload and its answer gives it back.
 */
let door: RunningDoor
const open: RawSocket[] = []
beforeAll(async () => {
  const echo = defineMethod({ name: 'echo', scope: 'operator.read', params: Type.Object({ text: Type.String() }), description: 'Gives it back.', handle: async (params: unknown) => params as object } as never)
  door = await runDoor({ methods: [echo] })
})
afterEach(() => { for (const socket of open.splice(0)) socket.destroy() })
afterAll(() => door.close())

async function peer(): Promise<RawSocket> {
  const { socket } = await upgrade(door.port)
  open.push(socket)
  expect(await socket.connect({ auth: { token: testToken } })).toMatchObject({ ok: true })
  return socket
}
let count = 0
function asking(payload: string): { id: string; bytes: Buffer } {
  const id = `c${++count}`
  return { id, bytes: Buffer.from(JSON.stringify({ type: 'req', id, method: 'echo', params: { text: payload } })) }
}
const answered = async (socket: RawSocket, id: string, payload: string): Promise<void> => expect((await socket.response(id)).payload).toEqual({ text: payload })
const ping = (payload = ''): Buffer => frame({ opcode: 9, payload })
const pongs = (socket: RawSocket): string[] => socket.frames.filter(({ opcode }) => opcode === 10).map(({ payload }) => payload.toString('utf8'))
/** Splits into pieces of `size`, the first with the message's opcode. */
function pieces(bytes: Buffer, size: number, opcode = 1): Buffer[] {
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) parts.push(frame({ opcode: at === 0 ? opcode : 0, payload: bytes.subarray(at, at + size), fin: at + size >= bytes.length }))
  return parts
}

describe('WSF-17 category 1: framing', () => {
  it.each([0, 1, 60, 65, 66, 67, 125, 126, 127, 65_474, 65_475, 65_476, 65_536].flatMap((size) => [[size, 1], [size, 2]]))('WSF-17: 1 a payload of %i bytes, opcode %i', async (size, opcode) => {
    const socket = await peer()
    const { id, bytes } = asking('*'.repeat(size))
    socket.send(frame({ opcode, payload: bytes }))
    await answered(socket, id, '*'.repeat(size))
  })

  it.each([1, 2])('WSF-17: 1 a payload in chops of one byte on the wire, opcode %i', async (opcode) => {
    const socket = await peer()
    const { id, bytes } = asking('chopped')
    socket.socket.setNoDelay(true)
    for (const byte of frame({ opcode, payload: bytes })) socket.send(Buffer.from([byte]))
    await answered(socket, id, 'chopped')
  })
})

describe('WSF-17 category 2: pings', () => {
  it.each(['', 'Hello, world!', '\u0000\u00ff\u0001', 'a'.repeat(125)])('WSF-17: 2 a ping with %j comes back', async (payload) => {
    const socket = await peer()
    socket.send(ping(payload))
    await socket.until(() => (pongs(socket).length === 1 ? true : undefined), 'a pong')
    expect(pongs(socket)).toEqual([payload])
  })

  it('WSF-17: 2 a ping of 126 bytes ends it', async () => {
    const socket = await peer()
    socket.send(ping('a'.repeat(126)))
    expect(await socket.end()).toBe(1002)
  })

  it.each(['', 'unasked'])('WSF-17: 2 an unasked pong with %j is nothing', async (payload) => {
    const socket = await peer()
    socket.send(frame({ opcode: 10, payload }), ping('after'))
    await socket.until(() => (pongs(socket).includes('after') ? true : undefined), 'a pong')
  })

  it('WSF-17: 2 ten pings are answered in order, also chopped', async () => {
    const socket = await peer()
    const names = Array.from({ length: 10 }, (_, index) => `p${index}`)
    socket.send(...names.map((name) => ping(name)))
    await socket.until(() => (pongs(socket).length === 10 ? true : undefined), 'ten pongs')
    expect(pongs(socket)).toEqual(names)
    for (const byte of ping('chopped')) socket.send(Buffer.from([byte]))
    await socket.until(() => (pongs(socket).includes('chopped') ? true : undefined), 'a pong')
  })
})

describe('WSF-17 category 3: reserved bits', () => {
  it.each([[1, 1], [2, 1], [3, 1], [4, 1], [5, 1], [6, 2], [7, 8], [1, 9], [4, 10]])('WSF-17: 3 bits %i on opcode %i end it', async (rsv, opcode) => {
    const socket = await peer()
    const { id, bytes } = asking('before')
    socket.send(frame({ opcode: 1, payload: bytes }))
    await answered(socket, id, 'before')
    socket.send(frame({ opcode, rsv, payload: opcode >= 8 ? '' : '{}' }))
    expect(await socket.end()).toBe(1002)
  })
})

describe('WSF-17 category 4: opcodes', () => {
  it.each([3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode) => [[opcode, ''], [opcode, 'reserved opcode payload']] as [number, string][]))('WSF-17: 4 opcode %i with %j ends it', async (opcode, payload) => {
    const socket = await peer()
    socket.send(frame({ opcode, payload }), ping('after'))
    expect(await socket.end()).toBe(1002)
    expect(pongs(socket)).toEqual([])
  })
})

describe('WSF-17 category 5: fragments', () => {
  it.each([9, 10])('WSF-17: 5 opcode %i may not be split', async (opcode) => {
    const socket = await peer()
    socket.send(frame({ opcode, payload: 'a', fin: false }), frame({ opcode: 0, payload: 'b' }))
    expect(await socket.end()).toBe(1002)
  })

  it.each([1, 2, 7, 64].flatMap((size) => [[size, 1], [size, 2]]))('WSF-17: 5 a message in pieces of %i, opcode %i', async (size, opcode) => {
    const socket = await peer()
    const { id, bytes } = asking('in pieces')
    socket.send(...pieces(bytes, size, opcode))
    await answered(socket, id, 'in pieces')
  })

  it('WSF-17: 5 pieces without content count as pieces', async () => {
    const socket = await peer()
    const { id, bytes } = asking('empty ones between')
    socket.send(frame({ opcode: 1, payload: '', fin: false }), frame({ opcode: 0, payload: bytes, fin: false }), frame({ opcode: 0, payload: '' }))
    await answered(socket, id, 'empty ones between')
  })

  it.each(['one', 'two'])('WSF-17: 5 a ping between the pieces is answered before the message (%s)', async (word) => {
    const socket = await peer()
    const { id, bytes } = asking(word)
    const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = pieces(bytes, Math.ceil(bytes.length / 2))
    socket.send(first, ping(word), second)
    await answered(socket, id, word)
    expect(socket.frames.findIndex(({ opcode }) => opcode === 10)).toBeLessThan(socket.frames.findIndex(({ payload }) => payload.toString('utf8').includes(`"id":"${id}"`)))
  })

  it.each([[true, 'a last piece'], [false, 'a piece']])('WSF-17: 5 a continuation of nothing ends it (fin %s: %s)', async (fin, payload) => {
    const socket = await peer()
    socket.send(frame({ opcode: 0, payload, fin }))
    expect(await socket.end()).toBe(1002)
  })

  it.each([1, 2])('WSF-17: 5 a new message inside another ends it, opcode %i', async (opcode) => {
    const socket = await peer()
    socket.send(frame({ opcode: 1, payload: '{', fin: false }), frame({ opcode, payload: '}' }))
    expect(await socket.end()).toBe(1002)
  })

  it('WSF-17: 5 a continuation after the end ends it', async () => {
    const socket = await peer()
    const { bytes } = asking('done')
    socket.send(...pieces(bytes, 20), frame({ opcode: 0, payload: 'more' }))
    expect(await socket.end()).toBe(1002)
  })
})

describe('WSF-17 category 6: UTF-8', () => {
  it.each([
    '\u00b5\u00df\u00f6\u00e4\u00fc\u00e0\u00e1', '\u03ba\u1f79\u03c3\u03bc\u03b5', '\u0080', '\u07ff', '\u0800', '\uffff', '\u{10000}', '\u{10ffff}', '\ud7ff', '\ue000', '\ufffd', '\ufffe', '\ufeff', '\u{1f600}\u{1f468}\u200d\u{1f469}',
  ])('WSF-17: 6 %j comes back as it was, whole and split between any two bytes', async (payload) => {
    const socket = await peer()
    const whole = asking(payload)
    socket.send(frame({ opcode: 1, payload: whole.bytes }))
    await answered(socket, whole.id, payload)
    const split = asking(payload)
    socket.send(...pieces(split.bytes, 1))
    await answered(socket, split.id, payload)
  })

  it.each(['cebae1bdb9cf83cebcceb5eda080656469746564', 'cebae1bdb9cf83cebcceb5f4908080656469746564', 'fe', 'ff', 'fefeffff', 'c080', 'e08080', 'f0808080', 'f8808080', 'fc8080808080', 'c1bf', 'e09fbf', 'f08fbfbf', 'eda080', 'edafbf', 'edb080', 'edbfbf', '80', 'bf', '8080', 'c0', 'e0', 'f0', 'c3', 'e282', 'f09f98'])('WSF-17: 6 %s is no text', async (hex) => {
    const socket = await peer()
    socket.send(frame({ opcode: 1, payload: Buffer.from(hex, 'hex') }))
    expect(await socket.end()).toBe(1007)
  })

  it('WSF-17: 6 the same bytes are no fault in a binary message of themselves', async () => {
    const socket = await peer()
    socket.send(frame({ opcode: 2, payload: Buffer.from('ff', 'hex') }), ping('still here'))
    await socket.until(() => (pongs(socket).includes('still here') ? true : undefined), 'a pong')
  })
})

describe('WSF-17 category 7: closing', () => {
  it.each([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999])('WSF-17: 7 the code %i is answered with itself', async (code) => {
    const socket = await peer()
    socket.send(closeFrame(code, 'bye'))
    expect(await socket.end()).toBe(code)
  })

  it('WSF-17: 7 without a code', async () => {
    const socket = await peer()
    socket.send(frame({ opcode: 8 }))
    await socket.end()
    expect(socket.frames.filter(({ opcode, payload }) => opcode === 8 && (payload.length === 0 || payload.readUInt16BE(0) === 1005 || payload.readUInt16BE(0) === 1000)).length).toBe(1)
  })

  it.each([0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65_535])('WSF-17: 7 the code %i may not be sent', async (code) => {
    const socket = await peer()
    socket.send(closeFrame(code))
    expect(await socket.end()).toBe(1002)
  })

  it('WSF-17: 7 a reason of 123 bytes is the longest, of 124 too long; one byte is no code; a reason is UTF-8', async () => {
    const longest = await peer()
    longest.send(closeFrame(1000, 'a'.repeat(123)))
    expect(await longest.end()).toBe(1000)
    const longer = await peer()
    longer.send(closeFrame(1000, 'a'.repeat(124)))
    expect(await longer.end()).toBe(1002)
    const short = await peer()
    short.send(frame({ opcode: 8, payload: 'a' }))
    expect(await short.end()).toBe(1002)
    const broken = await peer()
    broken.send(closeFrame(1000, Buffer.from('ceba', 'hex').subarray(0, 1)))
    expect(await broken.end()).toBe(1007)
  })

  it('WSF-17: 7 nothing is read after a close', async () => {
    const socket = await peer()
    const { id, bytes } = asking('too late')
    socket.send(closeFrame(1000), frame({ opcode: 1, payload: bytes }), ping('too late'))
    await socket.end()
    expect([pongs(socket), socket.messages().filter((message) => message.id === id)]).toEqual([[], []])
  })
})

describe('WSF-17 category 9: limits', () => {
  it.each([65_536, 262_144, 1_048_576])('WSF-17: 9 a message of %i bytes, whole and in 64 pieces', async (size) => {
    const socket = await peer()
    const payload = 'x'.repeat(size)
    const whole = asking(payload)
    socket.send(frame({ opcode: 1, payload: whole.bytes }))
    await answered(socket, whole.id, payload)
    const split = asking(payload)
    socket.send(...pieces(split.bytes, Math.ceil(split.bytes.length / 64)))
    await answered(socket, split.id, payload)
  })

  it('WSF-17: 9 a message one byte beyond what was announced is refused', async () => {
    const socket = await peer()
    socket.send(frame({ opcode: 1, payload: '{', declared: 26_214_401n, lengthBytes: 8 }))
    expect(await socket.end()).toBe(1009)
  })
})

describe('WSF-17 category 10: many messages', () => {
  it('WSF-17: 10 two hundred in a row are answered, each once', async () => {
    const socket = await peer()
    const all = Array.from({ length: 200 }, (_, index) => asking(`m${index}`))
    socket.send(...all.map(({ bytes }) => frame({ opcode: 1, payload: bytes })))
    for (const [index, { id }] of all.entries()) await answered(socket, id, `m${index}`)
    expect(socket.messages().filter((message) => message['type'] === 'res').length).toBe(201)
  })

  it('WSF-17: 10 a message split over the packets of the wire', async () => {
    const socket = await peer()
    const { id, bytes } = asking('x'.repeat(65_536))
    const whole = frame({ opcode: 1, payload: bytes })
    for (let at = 0; at < whole.length; at += 1_300) socket.send(whole.subarray(at, at + 1_300))
    await answered(socket, id, 'x'.repeat(65_536))
  })
})

describe('WSF-17 the cases can fail', () => {
  it('WSF-17 twin: a server that takes whatever comes answers an unmasked frame of a reserved opcode', async () => {
    const careless: Server = createServer()
    careless.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
      socket.on('error', () => undefined)
      socket.once('data', () => socket.write(Buffer.from([0x8a, 0x00])))
    })
    careless.listen(0, '127.0.0.1')
    await once(careless, 'listening')
    const { socket } = await upgrade((careless.address() as { port: number }).port)
    socket.send(frame({ opcode: 3, mask: false, payload: 'x' }))
    await socket.until(() => (pongs(socket).length === 1 ? true : undefined), 'an answer where a close belongs')
    expect(socket.closeCode).toBeUndefined()
    socket.destroy()
    careless.close()
  })
})
