import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runDoor, type RunningDoor } from '../../gateway/src/api/testing/test-client.ts'
import { exchange, parseAnswers, requestText, type RawAnswer } from '../attacks/raw-http.ts'

/** The health monitor as strangers meet it: two questions without sign-in. */
let door: RunningDoor
beforeAll(async () => { door = await runDoor() })
afterAll(() => door.close())

const ask = async (line: string, headers: Record<string, string> = {}, body = ''): Promise<RawAnswer | undefined> =>
  (await exchange(door.port, requestText(door.port, line, { Connection: 'close', ...headers }, body), { enough: (text) => parseAnswers(text).length > 0 })).answers[0]

describe('the health monitor', () => {
  it('says that it lives and whether it is ready, in words that are always the same', async () => {
    expect(await ask('GET /healthz')).toMatchObject({ status: 200, body: '{"ok":true,"status":"live"}' })
    expect(await ask('GET /readyz')).toMatchObject({ status: 200, body: '{"ready":true,"failing":[]}' })
  })

  it.each<[string, string, Record<string, string>, string]>([
    ['a query', 'GET /healthz?x=%3Cscript%3E&path=../../etc/passwd', {}, ''], ['a body', 'GET /healthz', { 'Content-Type': 'application/json' }, '{"__proto__":{"ok":false}}'], ['a range', 'GET /healthz', { Range: 'bytes=0-1' }, ''],
    ['a wrong token', 'GET /healthz', { Authorization: 'Bearer wrong' }, ''], ['a wish for another type', 'GET /healthz', { Accept: 'application/xml, text/html' }, ''], ['another language', 'GET /healthz', { 'Accept-Language': '../../x', 'Accept-Encoding': 'gzip' }, ''],
    ['a cookie', 'GET /healthz', { Cookie: `moltbot_session_1=${'a'.repeat(43)}` }, ''], ['a method to use instead', 'GET /healthz', { 'X-HTTP-Method-Override': 'DELETE', 'X-Original-URL': '/v1/models', 'X-Rewrite-URL': '/v1/models' }, ''],
    ['format strings', 'GET /healthz', { 'User-Agent': '%s%n%x${jndi:ldap://x}{{7*7}}' }, ''],
  ])('with %s it says exactly that', async (_what, line, headers, body) => {
    expect(await ask(line, headers, body)).toMatchObject({ status: 200, body: '{"ok":true,"status":"live"}' })
  })

  it.each(['POST /healthz', 'DELETE /readyz', 'PUT /healthz', 'PATCH /readyz', 'PROPFIND /healthz', 'TRACE /healthz'])('%s does nothing', async (line) => {
    expect((await ask(line))?.status).toBeGreaterThanOrEqual(400)
  })

  it('takes no more than a question: what is longer is refused, and the next one is answered', async () => {
    for (const [line, headers, body] of [[`GET /healthz?${'x'.repeat(100_000)}`, {}, ''], ['GET /healthz', { 'X-Long': 'x'.repeat(100_000) }, ''], ['GET /healthz', { 'Content-Length': '99999999999' }, '']] as const) {
      const answer = await ask(line, headers, body)
      // What it is not sent it does not wait for.
      if (headers !== undefined && 'Content-Length' in headers) expect(answer?.body ?? '').not.toContain('failing')
      else expect(answer?.status).toBeGreaterThanOrEqual(400)
    }
    expect((await ask('GET /healthz'))?.status).toBe(200)
  })

  it('a thousand questions at once are answered, and take nothing from who is signed in', async () => {
    const many = requestText(door.port, 'GET /readyz').repeat(100)
    const answers = await Promise.all(Array.from({ length: 10 }, () => exchange(door.port, many + requestText(door.port, 'GET /healthz', { Connection: 'close' }))))
    for (const { answers: got } of answers) for (const one of got) expect([200, 429]).toContain(one.status)
    const client = await door.open()
    expect((await client.connect()).ok).toBe(true)
  })
})
