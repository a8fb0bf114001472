import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ownerPrincipal, type Principal, type PrincipalId } from '@moltbot/contract'
import { afterEach, describe, expect, it } from 'vitest'
import type { DeliveryRow } from '../../journey/outbox/types.ts'
import { formOf, signInByForm } from '../testing/http-client.ts'
import { runDoor, testToken, TestSocket, type RunningDoor } from '../testing/test-client.ts'
import { canonicalPath } from './respond.ts'

let running: RunningDoor | undefined
afterEach(async () => {
  await running?.close()
  running = undefined
})
const start = async (options: Parameters<typeof runDoor>[0] = {}): Promise<RunningDoor> => (running = await runDoor(options))

interface Answer { status: number; headers: Record<string, string | string[] | undefined>; text: string }
/** A request whose path and headers are sent exactly as given; `fetch` would tidy them. */
function ask(door: RunningDoor, path: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port: door.port, path, method: options.method ?? 'GET', headers: { host: `127.0.0.1:${door.port}`, ...options.headers }, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString('utf8') }))
    })
    request.on('error', reject)
    request.end(options.body)
  })
}
const bearer = (token: string): { authorization: string } => ({ authorization: `Bearer ${token}` })
const own = (door: RunningDoor): { origin: string } => ({ origin: `http://127.0.0.1:${door.port}` })
const cookieFrom = (answer: Answer): string => String(answer.headers['set-cookie']).split(';')[0] ?? ''
async function signIn(door: RunningDoor): Promise<{ cookie: string }> {
  return { cookie: cookieFrom(await ask(door, `/?token=${testToken}`)) }
}

function builtPage(): string {
  const directory = mkdtempSync(join(tmpdir(), 'door-page-'))
  mkdirSync(join(directory, 'assets'))
  writeFileSync(join(directory, 'index.html'), '<!doctype html><title>Moltbot</title>')
  writeFileSync(join(directory, 'assets', 'index-a1B2c3D4.js'), `/* ${'x'.repeat(4000)} */`)
  writeFileSync(join(directory, 'manifest.webmanifest'), '{}')
  writeFileSync(join(tmpdir(), 'outside.txt'), 'outside')
  symlinkSync(join(tmpdir(), 'outside.txt'), join(directory, 'linked.txt'))
  return directory
}

describe('without proof', () => {
  it.each(['/health', '/healthz'])('%s answers without token and tells nothing else', async (path) => {
    const door = await start()
    const answer = await ask(door, path)
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { ok: true, status: 'live' }])
    expect(JSON.parse((await ask(door, '/readyz')).text)).toEqual({ ready: true, failing: [] })
    expect(answer.headers['server']).toBeUndefined()
    expect(answer.headers['x-powered-by']).toBeUndefined()
  })

  it.each([
    ['GET', '/v1/models', 401], ['POST', '/v1/chat/completions', 401], ['GET', '/ui-config.json', 401], ['GET', '/v1/models/moltbot', 401], ['GET', '/nothing', 404], ['GET', '/config', 404], ['POST', '/', 405],
    ['DELETE', '/', 405], ['OPTIONS', '/v1/models', 405], ['TRACE', '/', 405],
  ])('%s %s is %i', async (method, path, status) => {
    expect((await ask(await start(), path, { method })).status).toBe(status)
  })

  it('leads the page to the sign-in form', async () => {
    const door = await start()
    const answer = await ask(door, '/')
    expect([answer.status, answer.headers['location']]).toEqual([303, '/login'])
    const form = await ask(door, '/login')
    expect(form.text).toContain('<form method="post" action="/login"')
    expect(form.text).not.toMatch(/<script|style=|onclick/)
    expect(form.headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
    expect([form.headers['x-frame-options'], form.headers['x-content-type-options'], form.headers['cross-origin-resource-policy']]).toEqual(['DENY', 'nosniff', 'same-origin'])
    expect((await ask(door, '/login.css')).headers['content-type']).toBe('text/css; charset=utf-8')
  })

  it('sends a first visit from another site around once more, because its cookie was not sent', async () => {
    const answer = await ask(await start(), '/chat/main', { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' } })
    expect(answer.text).toContain('<meta http-equiv="refresh" content="0;url=/chat/main">')
  })
})

describe('the link with the token', () => {
  it('is exchanged at once for a cookie no script can read, and leaves the address', async () => {
    const door = await start({ uiDir: builtPage() })
    const answer = await ask(door, `/?token=${testToken}`)
    expect([answer.status, answer.headers['location'], answer.headers['cache-control'], answer.headers['referrer-policy']]).toEqual([303, '/', 'no-store', 'no-referrer'])
    const cookie = String(answer.headers['set-cookie'])
    expect(cookie).toMatch(new RegExp(`^moltbot_session_${door.port}=[A-Za-z0-9_-]{43}; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200$`))
    expect(cookie).not.toContain(testToken)

    const page = await ask(door, '/', { headers: { cookie: cookieFrom(answer) } })
    expect([page.status, page.text]).toEqual([200, '<!doctype html><title>Moltbot</title>'])
    expect(JSON.parse((await ask(door, '/ui-config.json', { headers: { cookie: cookieFrom(answer) } })).text)).toEqual({ version: '0.0.0-test', agentName: 'Molty', sessionDefault: 'agent:main:main' })
    const rows = await door.rooms.store.read.all('SELECT * FROM browser_sessions')
    expect(JSON.stringify(rows)).not.toContain(cookieFrom(answer).split('=')[1])
  })

  it('answers a wrong token in words', async () => {
    const answer = await ask(await start(), '/?token=wrong')
    expect(answer.status).toBe(401)
    expect(answer.text).toContain('That is not this gateway&#39;s token.')
    expect(String(answer.headers['set-cookie'])).not.toMatch(/moltbot_session_\d+=/)
  })

  it('does not open the programs\' endpoints by cookie', async () => {
    const door = await start()
    expect((await ask(door, '/v1/models', { headers: await signIn(door) })).status).toBe(401)
  })

  it('signs the WebSocket in without device identity, with every scope', async () => {
    const door = await start()
    const socket = await door.open({ headers: { ...(await signIn(door)), ...own(door) } })
    const hello = await socket.connect({ auth: undefined, scopes: undefined, client: { id: 'moltbot-control-ui', version: '1', platform: 'x', mode: 'webchat' } })
    expect((hello.payload as { auth: unknown }).auth).toEqual({ role: 'operator', scopes: ['operator.admin', 'operator.read', 'operator.write', 'operator.approvals', 'operator.pairing'] })
  })

  it('does not sign a WebSocket in by a cookie without an origin', async () => {
    const door = await start()
    const socket = await door.open({ headers: await signIn(door) })
    expect(await socket.connect({ auth: undefined })).toMatchObject({ ok: false })
  })
})

describe('the form', () => {
  const body = `token=${testToken}`
  const type = { 'content-type': 'application/x-www-form-urlencoded' }

  it('signs in from its own page, with the word of origin or of the browser', async () => {
    const door = await start()
    expect((await signInByForm(door.port)).answer.status).toBe(303)
    expect((await signInByForm(door.port, { headers: { origin: 'null', 'sec-fetch-site': 'same-origin' } })).answer.status).toBe(303)
  })

  it.each([
    [{ origin: 'http://evil.example' }], [{ origin: 'null' }], [{ origin: 'null', 'sec-fetch-site': 'cross-site' }], [{ 'sec-fetch-site': 'same-site' }], [{ origin: 'http://127.0.0.1:1' }],
  ])('is refused to %j, and that is written down', async (headers) => {
    const door = await start()
    const answer = await ask(door, '/login', { method: 'POST', body, headers: { ...type, ...(headers as Record<string, string>) } })
    expect(answer.status).toBe(403)
    expect(answer.headers['set-cookie']).toBeUndefined()
    await door.rooms.store.transaction(async () => undefined)
    expect(door.rooms.state.audit).toMatchObject([{ act: 'door.refused', outcome: 'deny', facts: { kind: 'origin' } }])
  })

  it('signs out again: the cookie opens nothing and its open page is closed', async () => {
    const door = await start()
    const signedIn = await signIn(door)
    const socket = await door.open({ headers: { ...signedIn, ...own(door) } })
    await socket.connect({ auth: undefined })
    const form = formOf(await ask(door, '/logout', { headers: signedIn }))
    const signOut = (headers: Record<string, string>) => ask(door, '/logout', { method: 'POST', body: `form=${form}`, headers: { ...type, ...signedIn, ...headers } })
    expect((await signOut({ origin: 'http://evil.example' })).status).toBe(403)
    const answer = await signOut(own(door))
    expect([answer.status, String(answer.headers['set-cookie'])]).toEqual([303, expect.stringContaining('Max-Age=0')])
    expect((await socket.ended()).code).toBe(1008)
    expect((await ask(door, '/', { headers: signedIn })).headers['location']).toBe('/login')
  })
})

describe('where a request comes from', () => {
  it.each(['evil.example', `evil.example:18789`, '127.0.0.1.evil.example', 'localhost.', '127.0.0.2', '[::2]'])('a Host of %j is refused on HTTP and on upgrades', async (host) => {
    const door = await start()
    expect((await ask(door, '/login', { headers: { host } })).status).toBe(421)
    const socket = new TestSocket(`ws://127.0.0.1:${door.port}/`, { headers: { host } })
    await expect(socket.opened()).rejects.toThrow('421')
  })

  it.each([{ host: 'localhost:9999' }, { host: '[::1]' }, { host: 'box.tailnet.ts.net' }])('%j is answered', async (headers) => {
    const door = await start({ config: { allowedHosts: ['box.tailnet.ts.net'] } })
    expect((await ask(door, '/login', { headers })).status).toBe(200)
  })

  it.each(['x-forwarded-for', 'x-real-ip', 'forwarded', 'x-forwarded-host', 'cf-connecting-ip'])('%s from anybody but a trusted proxy is refused, with or without the token', async (name) => {
    const door = await start()
    expect((await ask(door, '/v1/models', { headers: { [name]: '127.0.0.1', ...bearer(testToken) } })).status).toBe(403)
    const socket = new TestSocket(`ws://127.0.0.1:${door.port}/`, { headers: { [name]: '127.0.0.1' } })
    await expect(socket.opened()).rejects.toThrow('403')
    expect((await ask(door, '/healthz', { headers: { [name]: '127.0.0.1' } })).status).toBe(200)
  })

  it('believes a trusted proxy about the right-most stranger only', async () => {
    const door = await start({ config: { trustedProxies: ['127.0.0.0/8', '10.0.0.1'] } })
    for (let attempt = 0; attempt < 10; attempt++) await ask(door, '/v1/models', { headers: { 'x-forwarded-for': `6.6.6.${attempt}, 10.0.0.9, 10.0.0.1`, ...bearer('x') } })
    expect((await ask(door, '/v1/models', { headers: { 'x-forwarded-for': '10.0.0.9', ...bearer(testToken) } })).status).toBe(429)
    expect((await ask(door, '/v1/models', { headers: { 'x-forwarded-for': '10.0.0.10', ...bearer(testToken) } })).status).toBe(200)
    expect((await ask(door, '/v1/models', { headers: { 'x-forwarded-for': 'rubbish', ...bearer(testToken) } })).status).toBe(403)
  })

  it.each(['http://evil.example', 'null', 'http://127.0.0.1:1', 'http://localhost:5173'])('a page of %s gets no WebSocket, not even with a cookie', async (origin) => {
    const door = await start()
    const signedIn = await signIn(door)
    for (const headers of [{ origin }, { origin, ...signedIn }]) {
      const socket = new TestSocket(`ws://127.0.0.1:${door.port}/`, { headers })
      await expect(socket.opened()).rejects.toThrow('403')
    }
    expect(await (await door.open({ headers: { ...signedIn, ...own(door) } })).connect({ auth: undefined })).toMatchObject({ ok: true })
  })

  it('lets a listed origin connect, but without device it may do nothing', async () => {
    const door = await start({ config: { controlUi: { allowedOrigins: ['https://ui.example'] } } })
    const socket = await door.open({ headers: { origin: 'https://ui.example' } })
    expect((await socket.connect()).payload).toMatchObject({ auth: { scopes: [] } })
  })
})

describe('guessing', () => {
  it('locks an address out after ten wrong secrets, for pages also on this machine, with the right one too', async () => {
    const door = await start()
    const page = { 'sec-fetch-site': 'none' }
    for (let attempt = 0; attempt < 10; attempt++) expect((await ask(door, '/?token=wrong', { headers: page })).status).toBe(401)
    const locked = await ask(door, `/?token=${testToken}`, { headers: page })
    expect([locked.status, locked.headers['retry-after']]).toEqual([429, '300'])
    expect(locked.text).toContain('Too many wrong attempts')
  })

  it('refuses further wrong ones from a local program, but does not lock its owner out', async () => {
    const door = await start()
    for (let attempt = 0; attempt < 10; attempt++) await ask(door, '/v1/models', { headers: bearer('wrong') })
    expect((await ask(door, '/v1/models', { headers: bearer('wrong') })).status).toBe(429)
    const socket = await door.open()
    expect((await socket.connect({ auth: { token: 'wrong' } })).error?.details).toMatchObject({ code: 'AUTH_RATE_LIMITED', recommendedNextStep: 'wait_then_retry' })
    expect((await ask(door, '/v1/models', { headers: bearer(testToken) })).status).toBe(200)
  })
})

describe('a new secret', () => {
  it('works at once, and ends sockets, browsers and device tokens of the old one', async () => {
    const door = await start()
    const signedIn = await signIn(door)
    const page = await door.open({ headers: { ...signedIn, ...own(door) } })
    await page.connect({ auth: undefined })
    const program = await door.open()
    await program.connect()

    door.setToken('another-token-0123456789abcdef')
    door.rooms.reloaded()
    expect((await page.ended()).reason).toBe('unauthorized: the gateway secret changed')
    expect((await program.ended()).code).toBe(1008)
    expect((await ask(door, '/v1/models', { headers: bearer(testToken) })).status).toBe(401)
    expect((await ask(door, '/v1/models', { headers: bearer('another-token-0123456789abcdef') })).status).toBe(200)
    expect((await ask(door, '/', { headers: signedIn })).headers['location']).toBe('/login')
    expect(await door.rooms.store.read.all('SELECT * FROM browser_sessions')).toEqual([])
  })

  it('is noticed without any reload by the next request', async () => {
    const door = await start()
    const signedIn = await signIn(door)
    door.setToken('another-token-0123456789abcdef')
    expect((await ask(door, '/ui-config.json', { headers: signedIn })).status).toBe(401)
  })
})

describe('paths', () => {
  const spellings = [
    '/v1//models', '/v1/./models', '/v1/x/../models', '/v1/%6dodels', '/v1/%2e%2e/v1/models', '/v1%2fmodels', '/v1/models%00', '/v1\\models', '/V1/Models', '/v1/models/', '/v1;x/models', '/v1/models;x=1', '//v1/models',
    '/v1/%256dodels', '/v1/mod%C0%ABels', '/%76%31/models', '/v1/models%20', 'http://127.0.0.1/v1/models', '/assets/../index.html', '/..%2f..%2fetc/passwd', '/assets/%2e%2e/index.html', '/index.html', '/linked.txt', '/%',
  ]
  it.each(spellings)('%s is nobody\'s path, with every credential', async (path) => {
    const door = await start({ uiDir: builtPage() })
    const answer = await ask(door, path, { headers: { ...bearer(testToken), ...(await signIn(door)) } })
    expect([400, 404]).toContain(answer.status)
    expect(answer.text).not.toContain('outside')
  })

  it('has one spelling for what may need encoding', () => {
    expect(canonicalPath('/chat/agent:main:main')?.path).toBe('/chat/agent:main:main')
    expect(canonicalPath('/chat/agent%3Amain%3Amain')?.path).toBe('/chat/agent%3Amain%3Amain')
    expect(canonicalPath('/chat/%C3%BC')?.path).toBe('/chat/%C3%BC')
    expect(canonicalPath('/chat/%c3%bc')).toBeUndefined()
  })
})

describe('a file the assistant sent', () => {
  const bo = 'pr_bo' as PrincipalId
  /** A file that was sent to somebody, and a browser signed in as somebody. */
  async function filed(sentTo: PrincipalId, browserOf: PrincipalId, role: Principal['role'] | undefined): Promise<number> {
    const door = await start()
    door.rooms.outbox.openFile = async () => ({ row: { principal: sentTo } as DeliveryRow, file: { kind: 'document', fileName: 'a.txt', mimeType: 'text/plain', sizeBytes: 2, sha256: '' }, bytes: Buffer.from('hi') })
    const known = door.rooms.guard.principal
    door.rooms.guard.principal = async (id) => (id === bo && role !== undefined ? { id, role } : known(id))
    const signedIn = await signIn(door)
    await door.rooms.store.transaction((tx) => tx.run('UPDATE browser_sessions SET principal = ?', browserOf))
    expect((await ask(door, '/files/dl_1', { headers: bearer(testToken) })).status).toBe(200)
    expect((await ask(door, '/files/dl_1')).status).toBe(401)
    const answer = await ask(door, '/files/dl_1', { headers: signedIn })
    expect(answer.text).toBe(answer.status === 200 ? 'hi' : 'This file is not here, or no longer.')
    await door.close()
    return answer.status
  }

  it('goes to the browser of whoever it was sent to, of the owner and of an admin; to nobody else\'s', async () => {
    expect(await filed(bo, bo, 'member')).toBe(200)
    expect(await filed(bo, ownerPrincipal, undefined)).toBe(200)
    expect(await filed(ownerPrincipal, bo, 'admin')).toBe(200)
    expect(await filed(ownerPrincipal, bo, 'member')).toBe(404)
    expect(await filed(ownerPrincipal, bo, 'guest')).toBe(404)
    expect(await filed(bo, bo, undefined)).toBe(404)
  })

  it('every browser that signs in is the owner\'s, by the secret and by a proxy\'s word', async () => {
    const door = await start()
    await signIn(door)
    const credentials = { mark: () => 'm' } as never
    expect((await door.rooms.signIns.create(credentials, 1000, { userAgent: 'x', address: null, via: 'proxy:ann@example.org' })).session.principal).toBe(ownerPrincipal)
    expect(await door.rooms.store.read.all('SELECT DISTINCT principal FROM browser_sessions')).toEqual([{ principal: ownerPrincipal }])
  })
})

describe('the page\'s files', () => {
  it('come without sign-in, compressed, with a tag, and hashed ones for ever', async () => {
    const door = await start({ uiDir: builtPage() })
    const plain = await ask(door, '/assets/index-a1B2c3D4.js')
    expect([plain.status, plain.headers['content-type'], plain.headers['cache-control']]).toEqual([200, 'text/javascript; charset=utf-8', 'public, max-age=31536000, immutable'])
    const small = await ask(door, '/assets/index-a1B2c3D4.js', { headers: { 'accept-encoding': 'gzip' } })
    expect([small.headers['content-encoding'], Number(small.headers['content-length']) < 200]).toEqual(['gzip', true])
    expect((await ask(door, '/assets/index-a1B2c3D4.js', { headers: { 'if-none-match': String(plain.headers['etag']) } })).status).toBe(304)
    expect((await ask(door, '/manifest.webmanifest')).headers['cache-control']).toBe('no-cache')
    expect((await ask(door, '/assets/missing-a1B2c3D4.js')).status).toBe(404)
  })

  it('open with their own address inside the page, and nowhere else', async () => {
    const door = await start({ uiDir: builtPage() })
    const headers = await signIn(door)
    expect((await ask(door, '/chat/agent:main:main', { headers })).text).toContain('<title>Moltbot')
    expect((await ask(door, '/api/secret', { headers })).status).toBe(404)
  })

  it('say in words how to build them when they are missing', async () => {
    const door = await start({ uiDir: join(tmpdir(), 'no-such-directory') })
    const answer = await ask(door, '/', { headers: await signIn(door) })
    expect([answer.status, answer.text]).toEqual([503, expect.stringContaining('<code>npm run build</code>')])
  })

  it('move under a base path', async () => {
    const door = await start({ uiDir: builtPage(), config: { controlUi: { basePath: 'moltbot/' } } })
    expect((await ask(door, '/moltbot')).headers['location']).toBe('/moltbot/')
    expect((await ask(door, '/moltbot/')).headers['location']).toBe('/moltbot/login')
    expect((await ask(door, '/')).status).toBe(404)
    expect((await ask(door, `/moltbot/?token=${testToken}`)).headers['location']).toBe('/moltbot/')
  })
})

describe('limits', () => {
  it('refuses large headers and large forms', async () => {
    const door = await start()
    expect((await ask(door, '/login', { headers: { 'x-large': 'a'.repeat(20_000) } })).status).toBe(431)
    expect((await ask(door, '/login', { method: 'POST', body: `token=${'a'.repeat(10_000)}`, headers: { 'content-type': 'application/x-www-form-urlencoded', ...own(door) } })).status).toBe(413)
  })

  it('survives garbage on the port', async () => {
    const door = await start()
    await new Promise<void>((resolve) => {
      const socket = connect(door.port, '127.0.0.1', () => socket.end(Buffer.from([0, 1, 2, 255, 13, 10, 13, 10])))
      socket.resume()
      socket.on('close', () => resolve())
      socket.on('error', () => resolve())
    })
    expect((await ask(door, '/healthz')).status).toBe(200)
  })
})
