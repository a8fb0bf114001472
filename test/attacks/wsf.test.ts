import { Type } from 'typebox'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { defineMethod } from '../../gateway/src/api/index.ts'
import { methods } from '../../gateway/src/api/methods/index.gen.ts'
import { newDevice, runDoor, signDevice, testToken, type RunningDoor } from '../../gateway/src/api/testing/test-client.ts'
import { keptMemory } from '../support/kept-memory.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'
import { exchange, requestText } from './raw-http.ts'
import { closeFrame, frame, text, upgrade, type RawSocket } from './raw-socket.ts'

let world: TestGateway
const open: RawSocket[] = []
beforeAll(async () => { world = await startTestGateway({ telegram: false, builtin: true }) })
afterEach(() => { for (const socket of open.splice(0)) socket.destroy() })
afterAll(async () => {
  const { port } = world.gateway
  expect((await exchange(port, requestText(port, 'GET /readyz', { Connection: 'close' }))).answers[0]?.status).toBe(200)
  expect(Object.keys(Object.prototype)).toEqual([])
  await world.close()
})

/** A stranger's connection. */
async function stranger(): Promise<RawSocket> {
  const { socket } = await upgrade(world.gateway.port)
  open.push(socket)
  await socket.challenge()
  return socket
}
/** The owner's. */
async function owner(): Promise<RawSocket> {
  const { socket } = await upgrade(world.gateway.port)
  open.push(socket)
  expect(await socket.connect({ auth: { token: world.token } })).toMatchObject({ ok: true })
  return socket
}
const health = JSON.stringify({ type: 'req', id: 'h', method: 'health' })

describe('WSF-01 reserved opcodes and bits', () => {
  it.each([3, 4, 5, 6, 7, 11, 12, 13, 14, 15])('WSF-01: opcode %i', async (opcode) => {
    const socket = await owner()
    socket.send(frame({ opcode, payload: opcode < 8 ? health : '' }))
    expect(await socket.end()).toBe(1002)
    expect(socket.messages().some(({ id }) => id === 'h')).toBe(false)
  })

  it.each([1, 2, 4, 7])('WSF-01: reserved bits %i', async (rsv) => {
    const socket = await owner()
    socket.send(frame({ opcode: 1, rsv, payload: health }))
    expect(await socket.end()).toBe(1002)
  })
})

describe('WSF-02 masks', () => {
  it('WSF-02: a client\'s frame without one is not read', async () => {
    const socket = await owner()
    socket.send(frame({ opcode: 1, payload: health, mask: false }))
    expect(await socket.end()).toBe(1002)
    expect(socket.messages().some(({ id }) => id === 'h')).toBe(false)
  })

  it('WSF-02 twin: the same frame with one is answered', async () => {
    const socket = await owner()
    socket.send(frame({ opcode: 1, payload: health }))
    expect(await socket.response('h')).toMatchObject({ ok: true })
  })
})

describe('WSF-03 control frames', () => {
  it.each([
    ['a ping of 126 bytes', frame({ opcode: 9, payload: 'a'.repeat(126) })],
    ['a close of 126 bytes', frame({ opcode: 8, payload: Buffer.alloc(126, 3) })],
    ['a split ping', frame({ opcode: 9, payload: 'a', fin: false })],
    ['a split close', frame({ opcode: 8, payload: '', fin: false })],
    ['a split pong', frame({ opcode: 10, payload: '', fin: false })],
  ])('WSF-03: %s', async (_, bytes) => {
    const socket = await owner()
    socket.send(bytes)
    expect(await socket.end()).toBe(1002)
  })
})

describe('WSF-04 absurd lengths', () => {
  it.each([
    ['the top bit set', frame({ opcode: 1, payload: '0123456789', declared: 0x8000_0000_0000_0000n, lengthBytes: 8 })],
    ['all bits set', frame({ opcode: 1, payload: '0123456789', declared: 0xffff_ffff_ffff_ffffn, lengthBytes: 8 })],
    ['2^32 and ten bytes', frame({ opcode: 1, payload: '0123456789', declared: 0x1_0000_0000n, lengthBytes: 8 })],
  ])('WSF-04: %s is refused at once and nothing is set aside for it', async (_, bytes) => {
    const before = await keptMemory()
    for (const socket of [await stranger(), await owner()]) {
      socket.send(bytes)
      expect([1002, 1009]).toContain(await socket.end())
    }
    expect(await keptMemory() - before).toBeLessThan(16 * 1024 * 1024)
  })
})

describe('WSF-05 more than a message may hold', () => {
  it('WSF-05: a stranger\'s message of 64 KiB and one byte', async () => {
    const socket = await stranger()
    socket.send(text('a'.repeat(65_537)))
    expect(await socket.end()).toBe(1009)
  })

  it('WSF-05: the same in pieces', async () => {
    const socket = await stranger()
    socket.send(frame({ opcode: 1, payload: 'a'.repeat(40_000), fin: false }), frame({ opcode: 0, payload: 'a'.repeat(30_000) }))
    expect(await socket.end()).toBe(1009)
  })

  it('WSF-05: one byte in each of twenty thousand pieces does not pile up', async () => {
    const socket = await owner()
    const pieces = Buffer.concat(Array.from({ length: 20_000 }, () => frame({ opcode: 0, payload: ' ', fin: false })))
    socket.send(frame({ opcode: 1, payload: ' ', fin: false }), pieces)
    expect([1008, 1009]).toContain(await socket.end())
  })

  it('WSF-05: other data between the pieces of a message', async () => {
    const socket = await owner()
    socket.send(frame({ opcode: 1, payload: '{', fin: false }), text(health))
    expect(await socket.end()).toBe(1002)
  })

  it('WSF-05 twin: a receiver without a limit on pieces gathers them all', async () => {
    const { WebSocketServer } = await import('ws')
    const lax = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await new Promise((resolve) => lax.once('listening', resolve))
    const heard = new Promise<number>((resolve) => lax.on('connection', (ws) => ws.on('message', (data: Buffer) => resolve(data.length))))
    const { socket } = await upgrade((lax.address() as { port: number }).port)
    socket.send(frame({ opcode: 1, payload: ' ', fin: false }), Buffer.concat(Array.from({ length: 10_000 }, () => frame({ opcode: 0, payload: ' ', fin: false }))), frame({ opcode: 0, payload: ' ' }))
    expect(await heard).toBe(10_002)
    socket.destroy()
    lax.close()
  })
})

describe('WSF-06 text that is no UTF-8', () => {
  it.each([
    ['a lone continuation', '80'], ['a cut sequence', 'e282'], ['an overlong slash', 'c0af'], ['an overlong NUL', 'e08080'], ['half a surrogate pair', 'eda080'], ['both halves', 'eda081edb080'],
    ['beyond Unicode', 'f4908080'], ['five bytes', 'f888808080'], ['FE', 'fe'], ['FF', 'ff'], ['a wrong byte inside', 'c328'],
  ])('WSF-06: %s, at the start, inside, at the end, and across pieces', async (_, hex) => {
    const bad = Buffer.from(hex, 'hex')
    for (const payload of [Buffer.concat([bad, Buffer.from(health)]), Buffer.concat([Buffer.from('{"a":"'), bad, Buffer.from('"}')]), Buffer.concat([Buffer.from(health), bad])]) {
      const socket = await stranger()
      socket.send(frame({ opcode: 1, payload }))
      expect(await socket.end()).toBe(1007)
    }
    const split = await stranger()
    split.send(frame({ opcode: 1, payload: Buffer.concat([Buffer.from('{"a":"'), bad.subarray(0, 1)]), fin: false }), frame({ opcode: 0, payload: Buffer.concat([bad.subarray(1), Buffer.from('"}')]) }))
    expect(await split.end()).toBe(1007)
  })
})

describe('WSF-07 close codes', () => {
  it.each([0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535])('WSF-07: %i is not a code to send, and not sent back', async (code) => {
    const socket = await owner()
    socket.send(closeFrame(code))
    expect(await socket.end()).toBe(1002)
  })

  it('WSF-07: a close of one byte, and one with a broken reason', async () => {
    const short = await owner()
    short.send(frame({ opcode: 8, payload: Buffer.from([3]) }))
    expect(await short.end()).toBe(1002)
    const broken = await owner()
    broken.send(closeFrame(1000, Buffer.from([0xc3, 0x28])))
    expect(await broken.end()).toBe(1007)
  })
})

describe('WSF-08 a flood of pings', () => {
  it('WSF-08: is cut off, and others are answered meanwhile', async () => {
    const loud = await owner()
    const quiet = await owner()
    const flood = Buffer.concat(Array.from({ length: 5_000 }, () => frame({ opcode: 9, payload: 'x'.repeat(100) })))
    loud.send(flood, flood)
    expect(await quiet.request('1', 'health')).toMatchObject({ ok: true })
    expect(await loud.end()).toBe(1008)
    expect(loud.frames.filter(({ opcode }) => opcode === 10).length).toBeLessThanOrEqual(200)
  })

  it('WSF-08 twin: one ping gets its pong with the same words', async () => {
    const socket = await owner()
    socket.send(frame({ opcode: 9, payload: 'are you there' }))
    const pong = await socket.until(() => socket.frames.find(({ opcode }) => opcode === 10), 'a pong')
    expect(pong.payload.toString()).toBe('are you there')
  })
})

describe('WSF-09 a reader that does not read', () => {
  it('WSF-09: is closed once what it left lying passes the cap', async () => {
    const big = defineMethod({ name: 'big', scope: 'operator.read', params: Type.Object({}), description: 'A large answer.', handle: async () => ({ text: 'x'.repeat(1_000_000) }) } as never)
    const door: RunningDoor = await runDoor({ methods: [big] })
    const { socket } = await upgrade(door.port)
    await socket.connect({ auth: { token: testToken } })
    socket.socket.pause()
    for (let index = 0; index < 90; index++) socket.json({ type: 'req', id: `b${index}`, method: 'big' })
    const said = (): boolean => door.rooms.presence.list().every((entry) => entry.mode !== 'test' || entry.reason === 'disconnect')
    await new Promise<void>((resolve, reject) => {
      const deadline = Date.now() + 60_000
      const look = (): void => (said() ? resolve() : Date.now() > deadline ? reject(new Error('it was never closed')) : void setTimeout(look, 20))
      look()
    })
    socket.destroy()
    await door.close()
  })
})

describe('WSF-10 messages that say nothing', () => {
  it.each([
    ['bytes that are no JSON', frame({ opcode: 2, payload: Buffer.from([0, 1, 2, 255]) })],
    ['nothing at all', frame({ opcode: 1, payload: '' })],
    ['512 KiB of spaces', frame({ opcode: 1, payload: ' '.repeat(524_288) })],
    ['a number', text('5')], ['null', text('null')], ['a list', text('[]')], ['a text', text('"connect"')],
    ['ten thousand brackets', text('['.repeat(10_000))],
    ['a key twice', text('{"type":"req","id":"a","id":"b","method":"health"}')],
  ])('WSF-10: %s is an error, and the connection goes on', async (_, bytes) => {
    const socket = await owner()
    socket.send(bytes)
    expect(await socket.response('invalid')).toMatchObject({ ok: false, error: { code: 'INVALID_REQUEST' } })
    expect(await socket.request('after', 'health')).toMatchObject({ ok: true })
  })

  it('WSF-10: after twenty of them nobody listens any longer', async () => {
    const socket = await owner()
    socket.send(...Array.from({ length: 25 }, () => text('nothing')))
    expect(await socket.end()).toBe(1008)
  })

  it('WSF-10: a request in a binary message is a request, as the apps of this family send it', async () => {
    const socket = await owner()
    socket.send(frame({ opcode: 2, payload: health }))
    expect(await socket.response('h')).toMatchObject({ ok: true })
  })
})

describe('WSF-11 odd requests', () => {
  it.each([
    ['no id', { type: 'req', method: 'health' }], ['an empty id', { type: 'req', id: '', method: 'health' }], ['an object for an id', { type: 'req', id: {}, method: 'health' }], ['a number for an id', { type: 'req', id: 18_446_744_073_709_551_616, method: 'health' }],
    ['an endless id', { type: 'req', id: 'x'.repeat(10_000), method: 'health' }], ['no method', { type: 'req', id: 'invalid' }], ['a list for a method', { type: 'req', id: 'invalid', method: ['health'] }], ['no type', { id: 'invalid', method: 'health' }],
  ])('WSF-11: %s', async (_, value) => {
    const socket = await owner()
    socket.json(value)
    expect(await socket.response('invalid')).toMatchObject({ ok: false, error: { code: 'INVALID_REQUEST' } })
  })

  it.each([['a list', []], ['a text', 'x'], ['a number', 5], ['a key that is not known', { surprise: true }], ['__proto__ as a key', JSON.parse('{"constructor":{"prototype":{}}}') as unknown]])('WSF-11: %s for parameters does not reach the method', async (_, params) => {
    const socket = await owner()
    for (const method of ['config.set', 'sessions.delete', 'chat.send', 'gateway.stop']) expect(await socket.request(`${method}-1`, method, params)).toMatchObject({ ok: false, error: { code: 'INVALID_REQUEST' } })
    expect(await socket.request('after', 'health')).toMatchObject({ ok: true })
  })

  it('WSF-11: an id that is still running is not taken a second time, and an unknown method is unknown', async () => {
    let finish = (): void => undefined
    let runs = 0
    const slow = defineMethod({ name: 'slow', scope: 'operator.read', params: Type.Object({}), description: 'Waits.', handle: () => { runs += 1; return new Promise<object>((resolve) => { finish = () => resolve({}) }) } } as never)
    const door = await runDoor({ methods: [slow] })
    const { socket } = await upgrade(door.port)
    await socket.connect({ auth: { token: testToken } })
    socket.json({ type: 'req', id: 'same', method: 'slow' })
    expect(await socket.request('same', 'slow')).toMatchObject({ ok: false, error: { message: expect.stringContaining('still running') } })
    expect(runs).toBe(1)
    finish()
    expect((await socket.request('other', 'no.such.method')).error?.message).toMatch(/unknown method/)
    socket.destroy()
    await door.close()
  })
})

describe('WSF-12 idempotency keys', () => {
  let door: RunningDoor
  let effects: unknown[]
  beforeAll(async () => {
    effects = []
    const send = defineMethod({
      name: 'send', scope: 'operator.write', params: Type.Object({ text: Type.String(), idempotencyKey: Type.String() }), description: 'Counts.',
      handle: async (params: unknown) => { effects.push(params); return { count: effects.length } },
    } as never)
    door = await runDoor({ methods: [send] })
  })
  afterAll(() => door.close())
  const clientNamed = async (id: string): Promise<RawSocket> => {
    const { socket } = await upgrade(door.port)
    open.push(socket)
    expect(await socket.connect({ auth: { token: testToken }, client: { id, version: '1', platform: 'linux', mode: 'test' } })).toMatchObject({ ok: true })
    return socket
  }

  it('WSF-12: the same request again gets the first answer, also on a new connection; another request under its key is a conflict', async () => {
    const one = await clientNamed('one')
    const first = await one.request('a', 'send', { text: 'hello', idempotencyKey: 'k' })
    expect((await one.request('b', 'send', { text: 'hello', idempotencyKey: 'k' })).payload).toEqual(first.payload)
    expect((await (await clientNamed('one')).request('c', 'send', { text: 'hello', idempotencyKey: 'k' })).payload).toEqual(first.payload)
    expect(await one.request('d', 'send', { text: 'something else', idempotencyKey: 'k' })).toMatchObject({ ok: false, error: { details: { code: 'IDEMPOTENCY_CONFLICT' } } })
    expect(effects.length).toBe(1)
  })

  it('WSF-12: another client\'s key is its own', async () => {
    const before = effects.length
    const two = await clientNamed('two')
    const answer = await two.request('a', 'send', { text: 'secret of two', idempotencyKey: 'k' })
    expect(answer).toMatchObject({ ok: true })
    expect(effects.length).toBe(before + 1)
  })

  it('WSF-12 twin: keys that are compared without their parameters hide the second request', async () => {
    const answers = new Map<string, unknown>()
    const naive = (key: string, work: () => unknown): unknown => { if (!answers.has(key)) answers.set(key, work()); return answers.get(key) }
    expect(naive('k', () => 'first')).toBe(naive('k', () => 'second'))
  })
})

describe('WSF-13 ten thousand requests on one socket', () => {
  it('WSF-13: are bounded per connection, and another connection is answered meanwhile', async () => {
    const busy = await owner()
    const other = await owner()
    busy.send(Buffer.concat(Array.from({ length: 10_000 }, (_, index) => text(JSON.stringify({ type: 'req', id: `n${index}`, method: 'health' })))))
    expect(await other.request('1', 'health')).toMatchObject({ ok: true })
    await busy.until(() => (busy.frames.filter(({ opcode }) => opcode === 1).length >= 10_000 ? true : undefined), 'an answer to each')
    const answers = busy.messages().filter((message) => message['type'] === 'res')
    expect(answers.filter(({ ok, error }) => ok !== true && error?.code !== 'UNAVAILABLE')).toEqual([])
  })
})

describe('WSF-14 frames only a gateway sends', () => {
  it.each([
    ['an event', { type: 'event', event: 'shutdown', payload: {} }], ['an event with a number', { type: 'event', event: 'chat', seq: 1, payload: { state: 'final' } }],
    ['a response', { type: 'res', id: 'connect', ok: true, payload: {} }], ['a refusal', { type: 'res', id: 'x', ok: false, error: { code: 'FORBIDDEN', message: 'x' } }],
  ])('WSF-14: %s ends the connection and reaches nobody', async (_, value) => {
    const witness = await owner()
    const socket = await owner()
    const before = witness.frames.length
    socket.json(value)
    expect(await socket.end()).toBe(1008)
    await witness.request('1', 'health')
    expect(witness.messages().slice(before).filter(({ event }) => event === 'shutdown' || event === 'chat')).toEqual([])
  })
})

describe('WSF-15 names every object has', () => {
  it.each(['__proto__', 'constructor', 'then', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__', 'prototype', 'health.handle', 'health\0', ' health', 'HEALTH', '../health'])('WSF-15: %s is no method', async (method) => {
    const socket = await owner()
    expect((await socket.request('1', method)).error?.message).toBe(`unknown method: ${method}`)
  })
})

describe('WSF-16 roles', () => {
  it('WSF-16: a node reaches no method of operators, an operator none of nodes', async () => {
    const { socket } = await upgrade(world.gateway.port)
    open.push(socket)
    const { nonce } = await socket.challenge()
    const params = { client: { id: 'node-host', version: '1', platform: 'linux', mode: 'node' }, role: 'node', scopes: [] as string[], auth: { token: world.token } }
    const hello = await socket.connect({ ...params, device: signDevice(newDevice(), params, nonce) })
    expect(hello).toMatchObject({ ok: true })
    const operatorOnly = methods.filter(({ scope, name }) => scope !== 'node' && scope !== 'none' && name !== 'health')
    expect(operatorOnly.length).toBeGreaterThan(40)
    for (const [index, { name }] of operatorOnly.entries()) expect([name, (await socket.request(`n${index}`, name)).error?.message]).toEqual([name, 'unauthorized role: node'])
    const operator = await owner()
    for (const { name } of methods.filter(({ scope }) => scope === 'node')) expect((await operator.request(name, name)).error?.message).toBe('unauthorized role: operator')
  })
})
