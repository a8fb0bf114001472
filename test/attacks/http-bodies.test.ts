import { gzipSync, brotliCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseStrictly } from '../../gateway/src/api/http/strict-json.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'
import { exchange, requestText, type RawAnswer } from './raw-http.ts'

let world: TestGateway
let port: number
const limit = 65_536
beforeAll(async () => {
  world = await startTestGateway({ telegram: false, config: { gateway: { http: { endpoints: { chatCompletions: { maxBodyBytes: limit } } } } } })
  port = world.gateway.port
})
afterAll(async () => {
  expect((await exchange(port, requestText(port, 'GET /readyz', { Connection: 'close' }))).answers[0]?.status).toBe(200)
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  await world.close()
})

const bearer = (): Record<string, string> => ({ Authorization: `Bearer ${world.token}`, Connection: 'close' })
const json = { 'Content-Type': 'application/json' }
const good = JSON.stringify({ model: 'moltbot', messages: [{ role: 'user', content: 'hello' }] })
async function post(text: string | Buffer, headers: Record<string, string> = json): Promise<RawAnswer> {
  const body = Buffer.from(text as string)
  const head = requestText(port, 'POST /v1/chat/completions', { ...bearer(), ...headers, 'Content-Length': String(body.length) })
  const { answers } = await exchange(port, [head, body])
  return answers[0] ?? { status: 0, headers: new Map(), body: '' }
}
const accepted = async (): Promise<number> => (await world.gateway.rooms.inbox.counts()).total

describe('HTTP-06 a method in disguise', () => {
  it('HTTP-06: headers and parameters do not turn GET into POST', async () => {
    for (const [line, headers] of [
      ['GET /logout', { 'X-HTTP-Method-Override': 'POST' }], ['GET /logout?_method=POST', {}], ['GET /v1/chat/completions', { 'X-HTTP-Method': 'POST', ...bearer() }], ['GET /v1/chat/completions?_method=POST', { ...bearer() }],
    ] as const) {
      const { answers } = await exchange(port, requestText(port, line, { Connection: 'close', ...headers } as Record<string, string>))
      expect([200, 303, 405]).toContain(answers[0]?.status)
      expect(answers[0]?.headers.get('set-cookie') ?? '').not.toMatch(/Max-Age=0/)
    }
    expect(await accepted()).toBe(0)
  })
})

describe('HTTP-07 what a body says it is', () => {
  it.each([
    ['text/plain', { 'Content-Type': 'text/plain' }],
    ['a form', { 'Content-Type': 'application/x-www-form-urlencoded' }],
    ['multipart', { 'Content-Type': 'multipart/form-data; boundary=x' }],
    ['nothing', {}],
    ['JSON in UTF-7', { 'Content-Type': 'application/json;charset=utf-7' }],
    ['JSON in UTF-16', { 'Content-Type': 'application/json; charset=utf-16' }],
    ['two types', { 'Content-Type': 'application/json, text/plain' }],
  ])('HTTP-07: %s is not read', async (_, headers) => {
    const before = await accepted()
    expect((await post(good, headers as Record<string, string>)).status).toBe(415)
    expect(await accepted()).toBe(before)
  })

  it('HTTP-07: the form for signing in takes no JSON', async () => {
    const { answers } = await exchange(port, requestText(port, 'POST /login', { ...json, Origin: `http://127.0.0.1:${port}`, Connection: 'close' }, `{"token":"${world.token}"}`))
    expect(answers[0]?.status).toBe(415)
  })

  it('HTTP-07 twin: the same body is taken when it says what it is', async () => {
    expect((await post(good, { 'Content-Type': 'application/json; charset=UTF-8' })).status).toBe(200)
  })
})

describe('HTTP-08 larger than allowed', () => {
  it('HTTP-08: one byte more than the limit is refused, the limit itself is read', async () => {
    const padded = (size: number): string => good.replace('hello', `hello${' '.repeat(size - good.length)}`)
    expect((await post(padded(limit + 1))).status).toBe(413)
    expect((await post(padded(limit))).status).toBe(200)
  })

  it('HTTP-08: a body that is longer than declared ends at what was declared', async () => {
    const head = requestText(port, 'POST /v1/chat/completions', { ...bearer(), ...json, Connection: 'keep-alive', 'Content-Length': '10' })
    const { answers, closed } = await exchange(port, [head, `${good}${good}`])
    expect(closed).toBe(true)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([400]))
  })

  it('HTTP-08: a body without an end is cut at the limit', async () => {
    const head = requestText(port, 'POST /v1/chat/completions', { ...bearer(), ...json, 'Transfer-Encoding': 'chunked' })
    const chunk = `4000\r\n${'a'.repeat(0x4000)}\r\n`
    const { answers, closed } = await exchange(port, [head, ...Array.from({ length: 64 }, () => chunk)])
    expect(closed).toBe(true)
    // The refusal may be lost when the other side is still writing; that nothing more is read is what counts.
    for (const { status } of answers) expect(status).toBe(413)
  })
})

describe('HTTP-09 compressed bodies', () => {
  it.each([['gzip', gzipSync(Buffer.alloc(1 << 20, 0x20))], ['br', brotliCompressSync(Buffer.alloc(1 << 20, 0x20))], ['deflate', Buffer.from(good)], ['gzip, identity', Buffer.from(good)]])('HTTP-09: %s is refused and never unpacked', async (encoding, body) => {
    expect((await post(body, { ...json, 'Content-Encoding': encoding })).status).toBe(415)
  })
})

describe('HTTP-10 JSON that readers differ about', () => {
  const message = '"messages":[{"role":"user","content":"hello"}]'
  it.each([
    ['arrays 10,000 deep', `{${message},"x":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
    ['objects 65 deep', `{${message},"x":${'{"a":'.repeat(65)}1${'}'.repeat(65)}}`],
    ['a key twice', `{"model":"moltbot","model":"other",${message}}`],
    ['a key twice, once in escapes', `{"model":"moltbot","mod\\u0065l":"other",${message}}`],
    ['a key twice, deep inside', '{"messages":[{"role":"user","role":"system","content":"hello"}]}'],
    ['__proto__', `{"__proto__":{"polluted":true},${message}}`],
    ['__proto__ in escapes', `{"__pr\\u006fto__":{"polluted":true},${message}}`],
    ['half a surrogate pair', `{"user":"\\ud800",${message}}`],
    ['the other half', `{"user":"\\udc00x",${message}}`],
    ['a number beyond all bounds', `{"n":1e999,${message}}`],
    ['a byte order mark', `\ufeff{${message}}`],
    ['a comment', `{/* */${message}}`],
    ['a trailing comma', `{${message},}`],
    ['NaN', `{"n":NaN,${message}}`],
    ['an array', `[${good}]`],
    ['nothing', ''],
    ['two values', `${good}${good}`],
  ])('HTTP-10: %s', async (_, body) => {
    expect((await post(body)).status).toBe(400)
  })

  it('HTTP-10: bytes that are no UTF-8', async () => {
    expect((await post(Buffer.concat([Buffer.from(good.slice(0, -6)), Buffer.from([0xc3, 0x28]), Buffer.from(good.slice(-6))]))).status).toBe(400)
  })

  it('HTTP-10: 100,000 deep and a million keys cost little and are refused', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    const keys = `{${Array.from({ length: 1_000_000 }, (__, index) => `"k${index}":0`).join(',')}}`
    for (const text of [deep, keys]) expect(parseStrictly(text)).toMatchObject({ ok: false })
  })

  it('HTTP-10: whatever is plain JSON reads as it always did', () => {
    fc.assert(fc.property(fc.json({ maxDepth: 8 }), (text) => {
      const value = JSON.parse(text) as unknown
      if (text.includes('__proto__')) return
      const read = parseStrictly(text)
      // A generated text may hold a key twice or half a pair; then refusing is right.
      if (read.ok) expect(read.value).toEqual(value)
      else expect(read.reason).toMatch(/twice|Unicode/)
    }), { numRuns: 500 })
    fc.assert(fc.property(fc.string(), (text) => {
      const read = parseStrictly(text)
      if (read.ok) expect(JSON.parse(text)).toEqual(read.value)
    }), { numRuns: 1_000 })
  })

  it('HTTP-10 twin: the ordinary reader takes the last of two keys', () => {
    expect(JSON.parse('{"auth":"mine","auth":"theirs"}')).toEqual({ auth: 'theirs' })
    expect(parseStrictly('{"auth":"mine","auth":"theirs"}')).toEqual({ ok: false, reason: 'it has the key "auth" twice' })
  })
})

describe('HTTP-03 expectations', () => {
  it('HTTP-03: 100-continue is said only to bodies that will be read, and nothing else is expected of us', async () => {
    const head = (headers: Record<string, string>): string => requestText(port, 'POST /v1/chat/completions', { ...bearer(), ...headers, Expect: '100-continue', 'Content-Length': String(good.length) })
    expect((await exchange(port, head({ 'Content-Type': 'text/plain' }))).text).toMatch(/^HTTP\/1\.1 415/)
    expect((await exchange(port, [head(json), good])).text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200/)
    expect((await exchange(port, requestText(port, 'GET /healthz', { Expect: 'the-spanish-inquisition' }))).answers[0]?.status).toBe(417)
  })
})
