import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runDoor, testToken, type RunningDoor } from '../../gateway/src/api/testing/test-client.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'
import { exchange, parseAnswers, requestText, type RawAnswer } from './raw-http.ts'

let world: TestGateway
let port: number
let page: RunningDoor
beforeAll(async () => {
  world = await startTestGateway({ telegram: false, builtin: true })
  port = world.gateway.port
  const folder = mkdtempSync(join(tmpdir(), 'moltbot-page-'))
  mkdirSync(join(folder, 'assets'))
  mkdirSync(join(folder, '.git'))
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Moltbot</title>')
  writeFileSync(join(folder, 'assets', 'index-a1B2c3D4.js'), `/* ${'x'.repeat(4_000)} */`)
  writeFileSync(join(folder, 'assets', 'index-a1B2c3D4.js.map'), '{"sources":["canary-18"]}')
  writeFileSync(join(folder, '.env'), 'canary-18')
  writeFileSync(join(folder, '.git', 'config'), 'canary-18')
  writeFileSync(join(folder, '..', 'canary-18.txt'), 'canary-18')
  symlinkSync(join(folder, '..', 'canary-18.txt'), join(folder, 'linked.txt'))
  page = await runDoor({ uiDir: folder })
})
afterAll(async () => {
  await page.close()
  await world.close()
})

/** Every answer must be of an address the page will be framed, sniffed or scripted from by nobody. */
function lacking(answer: RawAnswer, authenticated: boolean): string[] {
  const { headers } = answer
  const policy = headers.get('content-security-policy') ?? ''
  const wanted: [string, boolean][] = [
    ['csp', /default-src 'none'/.test(policy) && /script-src 'self'/.test(policy) && !/unsafe-(inline|eval)|\*/.test(policy)],
    ['frame-ancestors', /frame-ancestors 'none'/.test(policy)],
    ['base-uri', /base-uri 'none'/.test(policy)],
    ['trusted-types', /require-trusted-types-for 'script'; trusted-types moltbot-worker$/.test(policy)],
    ['nosniff', headers.get('x-content-type-options') === 'nosniff'],
    ['referrer', /^(no-referrer|same-origin)$/.test(headers.get('referrer-policy') ?? '')],
    ['coop', headers.get('cross-origin-opener-policy') === 'same-origin'],
    ['corp', headers.get('cross-origin-resource-policy') === 'same-origin'],
    ['no server', !headers.has('server') && !headers.has('x-powered-by') && !headers.has('via')],
    ['no cors', !headers.has('access-control-allow-origin')],
    ['no-store', !authenticated || headers.get('cache-control') === 'no-store'],
  ]
  return wanted.filter(([, there]) => !there).map(([name]) => name)
}

describe('HTTP-11 ranges', () => {
  it('HTTP-11: ten thousand ranges, overlapping, negative and past the end get the whole file once', async () => {
    const many = `bytes=${Array.from({ length: 2_000 }, (_, index) => `${index}-${index + 1}`).join(',')}`
    for (const range of [many, 'bytes=0-10,5-15', 'bytes=-1', 'bytes=999999-', 'bytes=0-0', 'bytes=9-1', 'lines=1-2']) {
      const { answers } = await exchange(page.port, requestText(page.port, 'GET /assets/index-a1B2c3D4.js', { Range: range.slice(0, 15_000), Connection: 'close' }))
      expect(answers.map(({ status, body }) => [status, body.length])).toEqual([[200, 4_006]])
    }
  })
})

describe('HTTP-12 headers of every answer', () => {
  const answers = async (): Promise<[string, RawAnswer | undefined, boolean][]> => {
    const bearer = { Authorization: `Bearer ${world.token}` }
    const ask = async (text: string, at = port): Promise<RawAnswer | undefined> => (await exchange(at, text, { enough: (got) => parseAnswers(got).length > 0 })).answers[0]
    const signIn = await ask(requestText(page.port, `GET /?token=${testToken}`), page.port)
    const cookie = { Cookie: (signIn?.headers.get('set-cookie') ?? '').split(';')[0] ?? '' }
    return [
      ['health', await ask(requestText(port, 'GET /healthz')), false],
      ['ready', await ask(requestText(port, 'GET /readyz')), false],
      ['sign-in form', await ask(requestText(port, 'GET /login')), false],
      ['its style', await ask(requestText(port, 'GET /login.css')), false],
      ['redirect', await ask(requestText(port, 'GET /')), false],
      ['sign-in', await ask(requestText(port, `GET /?token=${world.token}`)), true],
      ['models', await ask(requestText(port, 'GET /v1/models', bearer)), true],
      ['unauthorized', await ask(requestText(port, 'GET /v1/models')), true],
      ['own data of the page', await ask(requestText(page.port, 'GET /ui-config.json', cookie), page.port), true],
      ['the page', await ask(requestText(page.port, 'GET /', cookie), page.port), false],
      ['a file of it', await ask(requestText(page.port, 'GET /assets/index-a1B2c3D4.js'), page.port), false],
      ['unknown', await ask(requestText(port, 'GET /nothing')), false],
      ['wrong method', await ask(requestText(port, 'DELETE /')), false],
      ['foreign host', await ask(requestText(port, 'GET /', { Host: 'evil.example' })), false],
      ['foreign origin', await ask(requestText(port, 'POST /login', { Origin: 'http://evil.example' }, 'token=x')), false],
      ['unparsable', await ask('nonsense\r\n\r\n'), false],
      ['too large', await ask(requestText(port, 'GET /', { 'X-Large': 'a'.repeat(20_000) })), false],
      ['no host', await ask('GET / HTTP/1.1\r\n\r\n'), false],
      ['connect', await ask(requestText(port, 'CONNECT evil.example:443')), false],
      ['expectation', await ask(requestText(port, 'GET /', { Expect: 'x' })), false],
      ['upgrade of a foreign origin', await ask(requestText(port, 'GET /', { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==', Origin: 'http://evil.example' })), false],
      ['upgrade without a key', await ask(requestText(port, 'GET /', { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' })), false],
      ['upgrade to something else', await ask(requestText(port, 'GET /', { Connection: 'Upgrade', Upgrade: 'h2c' })), false],
    ]
  }

  it('HTTP-12: none lacks one, none says what serves it', async () => {
    const all = await answers()
    expect(all.flatMap(([name, answer, authenticated]) => (answer === undefined ? [`${name}: no answer`] : lacking(answer, authenticated).map((header) => `${name}: ${header}`)))).toEqual([])
    expect(JSON.stringify(all.map(([, answer]) => [...(answer?.headers.values() ?? [])]))).not.toMatch(/node|0\.0\.0-test|express/i)
  })

  it('HTTP-12 twin: an answer of plain node lacks them all', async () => {
    const { createServer } = await import('node:http')
    const bare = createServer((_request, response) => response.end('x'))
    await new Promise<void>((resolve) => bare.listen(0, '127.0.0.1', resolve))
    const at = (bare.address() as { port: number }).port
    const { answers: [answer] } = await exchange(at, requestText(at, 'GET /', { Connection: 'close' }))
    bare.close()
    expect(lacking(answer as RawAnswer, true)).toEqual(['csp', 'frame-ancestors', 'base-uri', 'trusted-types', 'nosniff', 'referrer', 'coop', 'corp', 'no-store'])
  })
})

describe('HTTP-13 what a failure tells', () => {
  const telling = /\bat .*\.(ts|js|mjs):\d+|\/home\/|\/work\/|\/tmp\/|node_modules|SELECT|SQLITE|Error:|\.ts\b/

  it('HTTP-13: a handler that throws gives a sentence and a reference, and the log has the rest under it', async () => {
    const door = await runDoor()
    const signIn = (await exchange(door.port, requestText(door.port, `GET /?token=${testToken}`, { Connection: 'close' }))).answers[0]
    const cookie = (signIn?.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    await door.rooms.store.close()
    const { answers: [answer] } = await exchange(door.port, requestText(door.port, 'GET /', { Cookie: cookie, Connection: 'close' }))
    const reference = answer?.headers.get('x-request-id') ?? ''
    expect(answer?.status).toBe(500)
    expect(reference).not.toBe('')
    expect(answer?.body).toContain(reference)
    expect(answer?.body).not.toMatch(telling)
    const logged = JSON.stringify(door.rooms.state.lines)
    expect(logged).toContain(reference)
    expect(logged).not.toContain(cookie.split('=')[1])
    expect((await exchange(door.port, requestText(door.port, 'GET /readyz', { Connection: 'close' }))).answers[0]).toMatchObject({ status: 503, body: '{"ready":false,"failing":["store"]}' })
    await door.door.close()
  })

  it('HTTP-13: no refusal tells anything of the inside', async () => {
    const bearer = { Authorization: `Bearer ${world.token}`, Connection: 'close' }
    const texts = [
      requestText(port, 'GET /nothing', { Connection: 'close' }),
      requestText(port, 'POST /v1/chat/completions', { ...bearer, 'Content-Type': 'application/json' }, '{"broken'),
      requestText(port, 'POST /v1/chat/completions', { ...bearer, 'Content-Type': 'application/json' }, '{"messages":5}'),
      requestText(port, 'GET /v1/models/nothing', bearer),
      requestText(port, 'GET /%ff', { Connection: 'close' }),
      requestText(port, 'GET /?token=wrong', { Connection: 'close' }),
      'nonsense\r\n\r\n',
    ]
    for (const text of texts) {
      const { answers: [answer], text: said } = await exchange(port, text)
      expect(answer?.status).toBeGreaterThanOrEqual(400)
      expect(said).not.toMatch(telling)
      expect(said).not.toContain(world.token)
      expect(said).not.toContain(world.stateDir)
    }
  })
})

describe('HTTP-18 files', () => {
  it.each([
    '/.env', '/.git/config', '/package.json', '/assets/index-a1B2c3D4.js.map', '/assets/', '/assets', '/linked.txt', '/index.html%00.js', '/..%5ccanary-18.txt', '/../canary-18.txt', '/%2e%2e/canary-18.txt', '/..%2fcanary-18.txt',
    '/assets/..%2f..%2fcanary-18.txt', '/assets/%2e%2e%2f.env', '/.//.env', '//.env', '/assets/index-a1B2c3D4.js/', '/ASSETS/index-a1B2c3D4.js', '/assets/index-a1B2c3D4.js::$DATA', '/assets\\index-a1B2c3D4.js', '/index.html/..;/.env', '/moltbot.json', '/running.json', '/credentials/vault.json',
  ])('HTTP-18: %s is not there', async (path) => {
    const { answers: [answer], text } = await exchange(page.port, requestText(page.port, `GET ${path}`, { Connection: 'close' }))
    expect([400, 404]).toContain(answer?.status)
    expect(text).not.toContain('canary-18')
  })

  it('HTTP-18 twin: what is listed is served', async () => {
    const { answers: [answer] } = await exchange(page.port, requestText(page.port, 'GET /assets/index-a1B2c3D4.js', { Connection: 'close' }))
    expect(answer?.status).toBe(200)
  })
})
