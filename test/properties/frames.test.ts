import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseStrictly } from '../../gateway/src/api/http/strict-json.ts'
import { readFrame, responseFrame } from '../../gateway/src/api/socket/frames.ts'
import { runDoor, testToken, type RunningDoor } from '../../gateway/src/api/testing/test-client.ts'
import { frame, upgrade } from '../attacks/raw-socket.ts'
import { fuzzRuns } from '../support/fuzz-runs.ts'

const json = fc.jsonValue({ noUnicodeString: false } as never)
const keys = fc.constantFrom('type', 'id', 'method', 'params', 'ok', 'payload', 'event', 'seq', 'constructor', 'toString', '__proto__', 'prototype', 'traceparent')
const frameLike = fc.array(fc.tuple(keys, fc.oneof(fc.constantFrom('req', 'res', 'event', '', 'connect', 'health', 'constructor', '__proto__', 'r1'), json)), { maxLength: 6 })
  .map((entries) => `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`)
/** A text with something cut out, doubled or put in. */
const damaged = fc.tuple(frameLike, fc.nat(), fc.nat({ max: 5 }), fc.oneof(fc.constantFrom('{', '[', '"', '\\', '\u0000', '\ud800', '1e999', ',', '\ufeff', 'null'), fc.string({ unit: 'binary', maxLength: 3 })))
  .map(([text, at, cut, put]) => { const place = text.length === 0 ? 0 : at % text.length; return text.slice(0, place) + put + text.slice(place + cut) })

describe('WSF-11: what is read of a message', () => {
  it('WSF-11: no bytes make the reader throw, and a request is one in every reader\'s eyes', () => {
    fc.assert(fc.property(fc.oneof(frameLike, damaged).map((text) => Buffer.from(text, 'utf8')), (data) => {
      const read = readFrame(data)
      if (read.kind === 'garbage') return
      const other = JSON.parse(data.toString('utf8')) as Record<string, unknown>
      expect(typeof other).toBe('object')
      if (read.kind === 'ours') expect(['res', 'event']).toContain(other['type'])
      if (read.kind === 'malformed') expect(JSON.parse(responseFrame(read.id, {}))).toMatchObject({ id: read.id })
      if (read.kind !== 'request') return
      expect([other['type'], other['id'], other['method']]).toEqual(['req', read.frame.id, read.frame.method])
      expect(read.frame.params).toEqual(other['params'] ?? {})
      expect(Object.getPrototypeOf(read.frame.params ?? {})).not.toBe(null)
    }), fuzzRuns(1_500))
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => void readFrame(Buffer.from(bytes))), fuzzRuns(500))
    expect(({} as Record<string, unknown>)['polluted']).toBe(undefined)
  })

  it('HTTP-10: whatever the strict reader takes is what the platform reads, and only what is doubtful is refused', () => {
    fc.assert(fc.property(fc.oneof(fc.json({ noUnicodeString: false } as never), damaged), (text) => {
      const strict = parseStrictly(text)
      if (!strict.ok) return
      expect(strict.value).toEqual(JSON.parse(text))
    }), fuzzRuns(1_500))
    fc.assert(fc.property(json, (value) => {
      const text = JSON.stringify(value)
      if (!text.includes('"__proto__"')) expect(parseStrictly(text)).toEqual({ ok: true, value: JSON.parse(text) as unknown })
    }), fuzzRuns(500))
  })

  it('HTTP-10 twin: a reader that takes the last of two equal keys is found out', () => {
    const failed = fc.check(fc.property(frameLike, (text) => { const strict = parseStrictly(text); return strict.ok || text.includes('__proto__') }), { numRuns: 3_000 }).failed
    expect(failed).toBe(true)
  })
})

describe('WSF: on the wire', () => {
  let door: RunningDoor
  beforeAll(async () => { door = await runDoor() })
  afterAll(() => door.close())
  const parts = fc.record({
    fin: fc.boolean(), rsv: fc.constantFrom(0, 0, 0, 1, 4, 7), opcode: fc.constantFrom(0, 1, 1, 1, 2, 3, 8, 9, 10, 11, 15), mask: fc.constantFrom(true, true, true, false),
    payload: fc.oneof(damaged, fc.uint8Array({ maxLength: 140 }).map((bytes) => Buffer.from(bytes)), fc.constant('{"type":"req","id":"1","method":"connect","params":{}}')),
    declared: fc.option(fc.bigInt({ min: 0n, max: 2n ** 63n }), { nil: undefined, freq: 12 }),
  }, { requiredKeys: ['opcode'] })

  it('WSF-01: frames of any make-up end in an answer or a close with a proper code, signed in or not, and the door stays', async () => {
    await fc.assert(fc.asyncProperty(fc.array(parts, { minLength: 1, maxLength: 6 }), fc.boolean(), async (frames, signedIn) => {
      const { socket } = await upgrade(door.port)
      if (signedIn) expect((await socket.connect({ auth: { token: testToken } })).ok).toBe(true)
      else await socket.challenge()
      for (const { declared, fin, rsv, opcode, mask, payload } of frames) {
        socket.send(frame({ opcode, ...(fin === undefined ? {} : { fin }), ...(rsv === undefined ? {} : { rsv }), ...(mask === undefined ? {} : { mask }), ...(payload === undefined ? {} : { payload }), ...(declared === undefined ? {} : { declared, lengthBytes: 8 as const }) }))
      }
      socket.socket.end()
      const code = await socket.end()
      if (code !== undefined) expect([1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1011].includes(code) || (code >= 3000 && code < 5000)).toBe(true)
      for (const message of socket.messages()) expect(['event', 'res']).toContain(message['type'])
      if (!signedIn) expect(socket.messages().filter((message) => message.ok === true)).toEqual([])
    }), fuzzRuns(120))
    expect((await fetch(`${door.url}/healthz`)).status).toBe(200)
  })
})
