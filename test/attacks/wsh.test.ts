import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { FakeClock } from '@moltbot/contract/testing'
import { fakeRooms } from '../../gateway/src/api/testing/fake-rooms.ts'
import { newDevice, runDoor, signDevice, testToken, type RunningDoor } from '../../gateway/src/api/testing/test-client.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'
import { exchange, requestText } from './raw-http.ts'
import { text, upgrade, type RawSocket, type Upgraded } from './raw-socket.ts'

let world: TestGateway
let port: number
const open: RawSocket[] = []
beforeAll(async () => {
  world = await startTestGateway({ telegram: false, builtin: true })
  port = world.gateway.port
})
afterEach(() => { for (const socket of open.splice(0)) socket.destroy() })
afterAll(async () => {
  expect((await exchange(port, requestText(port, 'GET /readyz', { Connection: 'close' }))).answers[0]?.status).toBe(200)
  await world.close()
})
async function attempt(...args: Parameters<typeof upgrade> extends [number, ...infer Rest] ? Rest : never): Promise<Upgraded> {
  const made = await upgrade(port, ...args)
  open.push(made.socket)
  return made
}
const status = async (...args: Parameters<typeof attempt>): Promise<number> => (await attempt(...args)).status
const ownOrigin = (): string => `http://127.0.0.1:${port}`
async function cookie(): Promise<string> {
  const { answers } = await exchange(port, requestText(port, `GET /?token=${world.token}`, { Connection: 'close' }))
  return (answers[0]?.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
}

describe('WSH-01 programs, with a token and without', () => {
  it('WSH-01: with the token they are let in', async () => {
    const { socket } = await attempt()
    expect(await socket.connect({ auth: { token: world.token } })).toMatchObject({ ok: true })
  })

  it.each([[{}], [{ auth: {} }], [{ auth: { token: '' } }], [{ auth: { token: 'wrong' } }], [{ auth: { token: `${testToken} ` } }]])('WSH-01: with %j nothing runs, and the connection ends with 1008', async (params) => {
    const { socket } = await attempt()
    socket.json({ type: 'req', id: 'early', method: 'health' })
    await socket.end()
    expect(socket.closeCode).toBe(1008)
    const second = (await attempt()).socket
    expect(await second.connect(params)).toMatchObject({ ok: false })
    expect(await second.end()).toBe(1008)
    expect([...socket.messages(), ...second.messages()].filter(({ ok }) => ok === true)).toEqual([])
  })
})

describe('WSH-02 pages of other origins', () => {
  it.each([
    'http://evil.example', 'null', 'http://localhost.evil', 'http://127.0.0.1:PORT.evil', 'http://127.0.0.1:1', 'http://127.0.0.1', 'https://127.0.0.1:PORT', 'http://127.0.0.1.:PORT', 'http://localhost:PORT', 'http://127.0.0.1:PORT/', 'http://127.0.0.1:PORT@evil.example', 'http://user@127.0.0.1:PORT',
    'ws://127.0.0.1:PORT', 'http://xn--lcalhost-67a:PORT', 'http://lоcalhost:PORT', 'http://[::ffff:127.0.0.1]:PORT', 'http://0.0.0.0:PORT', 'http://2130706433:PORT', 'file://', 'chrome-extension://abcdefghijklmnop', '',
  ])('WSH-02: %s gets no connection', async (origin) => {
    const signedIn = await cookie()
    for (const headers of [{}, { Cookie: signedIn }]) expect(await status({ Origin: Buffer.from(origin.replace('PORT', String(port)), 'utf8').toString('latin1'), ...headers })).toBe(403)
  })

  it('WSH-02: two Origin headers, and a good one that the browser contradicts', async () => {
    expect(await status({ Origin: [ownOrigin(), 'http://evil.example'] })).toBe(403)
    expect(await status({ Origin: [ownOrigin(), ownOrigin()] })).toBe(403)
    expect(await status({ Origin: ownOrigin(), 'Sec-Fetch-Site': 'cross-site' })).toBe(403)
    expect(await status({ 'Sec-Fetch-Site': 'cross-site' })).toBe(403)
  })

  it('WSH-02: a refusal is in the record, and the cookie is still good', async () => {
    const signedIn = await cookie()
    await attempt({ Origin: 'http://evil.example', Cookie: signedIn })
    const rows = await world.gateway.rooms.store.read.all("SELECT * FROM audit WHERE act = 'door.refused'")
    expect(JSON.stringify(rows)).toContain('origin not allowed')
    const { socket } = await attempt({ Origin: ownOrigin(), Cookie: signedIn })
    expect(await socket.connect({})).toMatchObject({ ok: true })
  })

  it('WSH-02 twin: its own page is let through', async () => {
    expect(await status({ Origin: ownOrigin() })).toBe(101)
  })
})

describe('WSH-03 cookies that are not good', () => {
  it('WSH-03: of nobody, altered, cut, of another name, signed out: nobody is signed in by it, and the connection ends with 1008', async () => {
    const good = await cookie()
    const [name = '', value = ''] = good.split('=')
    const signedOut = await cookie()
    await world.gateway.rooms.store.transaction(async (tx) => void (await tx.run('UPDATE browser_sessions SET expires_at = 1 WHERE digest = ?', createHash('sha256').update(signedOut.split('=')[1] ?? '').digest('hex'))))
    const altered = `${value.startsWith('A') ? 'B' : 'A'}${value.slice(1)}`
    for (const given of [`${name}=${'A'.repeat(43)}`, `${name}=${altered}`, `${name}=${value.slice(0, -1)}`, `${name}=${value}x`, `${name}x=${value}`, `${name}=`, `${name}="${value}"`]) {
      const { socket } = await attempt({ Origin: ownOrigin(), Cookie: given })
      expect(await socket.connect({})).toMatchObject({ ok: false })
      expect(await socket.end()).toBe(1008)
    }
  })

  it('WSH-03: a good cookie without the word of the browser which page asks counts for nothing', async () => {
    const { socket } = await attempt({ Cookie: await cookie() })
    expect(await socket.connect({})).toMatchObject({ ok: false })
  })

  it('WSH-03: past its end it opens nothing', async () => {
    const clock = new FakeClock(Date.now())
    const door = await runDoor({ rooms: await fakeRooms({ clock, config: { gateway: { controlUi: { sessionMinutes: 5 } } } }) })
    const { answers } = await exchange(door.port, requestText(door.port, `GET /?token=${testToken}`, { Connection: 'close' }))
    const given = (answers[0]?.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    const headers = { Origin: `http://127.0.0.1:${door.port}`, Cookie: given }
    const before = await upgrade(door.port, headers)
    expect(await before.socket.connect({})).toMatchObject({ ok: true })
    await clock.advance(6 * 60_000)
    const after = await upgrade(door.port, headers)
    expect(await after.socket.connect({})).toMatchObject({ ok: false })
    before.socket.destroy()
    after.socket.destroy()
    await door.close()
  })
})

describe('WSH-04 a token where none belongs', () => {
  it('WSH-04: in the address it is refused, whatever it is called, and no log keeps it', async () => {
    for (const name of ['token', 'auth', 'access_token', 'password', 'deviceToken']) expect(await status({}, { path: `/?${name}=${world.token}` })).toBe(400)
    expect(readFileSync(join(world.stateDir, 'logs', 'gateway.log'), 'utf8')).not.toContain(world.token)
  })

  it.each([
    ['a sub-protocol', (): Record<string, string> => ({ 'Sec-WebSocket-Protocol': `moltbot, ${world.token}` })],
    ['the Authorization header', (): Record<string, string> => ({ Authorization: `Bearer ${world.token}` })],
    ['a cookie', (): Record<string, string> => ({ Origin: ownOrigin(), Cookie: `token=${world.token}; moltbot_session_${port}=${world.token}` })],
    ['a header of its own', (): Record<string, string> => ({ 'X-Moltbot-Token': world.token })],
  ])('WSH-04: %s opens nothing', async (_, headers) => {
    const { status: answered, head, socket } = await attempt(headers())
    expect(head).not.toMatch(/sec-websocket-protocol/i)
    if (answered !== 101) return
    expect(await socket.connect({})).toMatchObject({ ok: false })
    expect(await socket.end()).toBe(1008)
  })
})

describe('WSH-05 broken upgrades', () => {
  it.each([
    ['no key', { 'Sec-WebSocket-Key': undefined }, 400],
    ['a short key', { 'Sec-WebSocket-Key': 'c2hvcnQ=' }, 400],
    ['a key that is no base64', { 'Sec-WebSocket-Key': '************************' }, 400],
    ['two keys', { 'Sec-WebSocket-Key': ['dGhlIHNhbXBsZSBub25jZQ==', 'dGhlIHNhbXBsZSBub25jZQ=='] }, 400],
    ['version 12', { 'Sec-WebSocket-Version': '12' }, 426],
    ['version 8', { 'Sec-WebSocket-Version': '8' }, 426],
    ['versions 13, 8', { 'Sec-WebSocket-Version': '13, 8' }, 426],
    ['no version', { 'Sec-WebSocket-Version': undefined }, 426],
    ['another protocol', { Upgrade: 'h2c' }, 426],
    ['two protocols', { Upgrade: 'websocket, h2c' }, 426],
    ['a body', { 'Content-Length': '5' }, 400],
    ['chunks', { 'Transfer-Encoding': 'chunked' }, 400],
    ['two hosts', { Host: ['127.0.0.1', 'evil.example'] }, 400],
  ])('WSH-05: %s', async (_, headers, expected) => {
    expect(await status(headers, { body: 'Content-Length' in headers ? 'hello' : 'Transfer-Encoding' in headers ? '0\r\n\r\n' : '' })).toBe(expected)
  })

  it('WSH-05: POST, and HTTP/1.0', async () => {
    expect(await status({}, { line: 'POST / HTTP/1.1' })).toBe(400)
    expect(await status({}, { line: 'GET / HTTP/1.0' })).not.toBe(101)
  })

  it('WSH-05: the name of the protocol knows no case (RFC 6455, 4.2.1)', async () => {
    expect(await status({ Upgrade: 'WebSocket', Connection: 'keep-alive, upgrade' })).toBe(101)
  })
})

describe('WSH-06 offers of compression', () => {
  it.each(['permessage-deflate', 'permessage-deflate; server_max_window_bits=99; client_max_window_bits=0', 'permessage-deflate; client_max_window_bits, permessage-deflate', `permessage-deflate${'; x=1'.repeat(500)}`, 'x-webkit-deflate-frame'])('WSH-06: %s is not taken', async (offer) => {
    const { status: answered, head, socket } = await attempt({ 'Sec-WebSocket-Extensions': offer.slice(0, 4_000) })
    expect(head).not.toMatch(/sec-websocket-extensions/i)
    if (answered !== 101) return
    // A frame that says it is compressed is a broken frame then.
    await socket.challenge()
    socket.send(Buffer.from([0xc1, 0x80, 0, 0, 0, 0]))
    expect(await socket.end()).toBe(1002)
  })
})

describe('WSH-07 where a connection may be opened', () => {
  it.each(['/v1/models', '/v1/chat/completions', '/v1', '/healthz', '/health', '/readyz', '/login', '/logout', '/login.css', '/ui-config.json'])('WSH-07: not at %s, which answers HTTP', async (path) => {
    expect(await status({}, { path })).toBe(404)
  })

  it.each(['//', '/./', '/../', '/%2e', '/%2e%2e/', '/a//b', '/a/%2fb', '/%5c', '/a;b', '/%00', '/%zz', 'http://evil.example/', '/v1%2fmodels', '/%76%31/models', '*'])('WSH-07: not under the spelling %s', async (path) => {
    expect([400, 404]).toContain(await status({}, { path }))
  })

  it('WSH-07: anywhere else, as clients of this family do, and asked for the same proof', async () => {
    for (const path of ['/', '/ws', '/moltbot', '/any/where']) {
      const { status: answered, socket } = await attempt({}, { path })
      expect(answered).toBe(101)
      expect(await socket.connect({})).toMatchObject({ ok: false })
    }
  })
})

describe('WSH-08 the first frame', () => {
  it.each([
    ['another method', JSON.stringify({ type: 'req', id: '1', method: 'health' }), 1008],
    ['a method that changes something', JSON.stringify({ type: 'req', id: '1', method: 'config.set', params: {} }), 1008],
    ['an event', JSON.stringify({ type: 'event', event: 'connect.challenge' }), 1008],
    ['a response', JSON.stringify({ type: 'res', id: '1', ok: true }), 1008],
    ['a connect without parameters', JSON.stringify({ type: 'req', id: '1', method: 'connect' }), 1008],
    ['a connect with a key twice', '{"type":"req","id":"1","method":"connect","method":"health"}', 1000],
    ['no JSON', 'hello', 1000],
  ])('WSH-08: %s ends the connection, and nothing runs', async (_, payload, code) => {
    const { socket } = await attempt()
    await socket.challenge()
    socket.send(text(payload), text(JSON.stringify({ type: 'req', id: 'behind', method: 'health' })))
    expect(await socket.end()).toBe(code)
    expect(socket.messages().filter(({ ok }) => ok === true)).toEqual([])
  })

  it('WSH-08: a second connect ends it', async () => {
    const { socket } = await attempt()
    await socket.connect({ auth: { token: world.token } })
    expect(await socket.request('again', 'connect', { auth: { token: world.token } })).toMatchObject({ ok: false })
    expect(await socket.end()).toBe(1008)
  })

  it('WSH-08: after ten seconds it is too late', async () => {
    const clock = new FakeClock(Date.now())
    const door = await runDoor({ rooms: await fakeRooms({ clock }) })
    const { socket } = await upgrade(door.port)
    await socket.challenge()
    await clock.advance(10_100)
    socket.json({ type: 'req', id: 'late', method: 'connect', params: { auth: { token: testToken } } })
    expect(await socket.end()).toBe(1008)
    expect(socket.messages().some(({ ok }) => ok === true)).toBe(false)
    await door.close()
  })
})

describe('WSH-09 more rights than the credential has', () => {
  let door: RunningDoor
  beforeAll(async () => { door = await runDoor() })
  afterAll(() => door.close())
  const scopesOf = (hello: unknown): string[] => ((hello as { payload?: { auth?: { scopes?: string[] } } }).payload?.auth?.scopes ?? [])

  it('WSH-09: a device that was approved to read stays at that', async () => {
    const device = newDevice()
    const client = { id: 'phone', version: '1', platform: 'ios', mode: 'ui' }
    const ask = async (scopes: string[], auth: Record<string, unknown>, headers: Record<string, string> = {}): Promise<unknown> => {
      const { socket } = await upgrade(door.port, headers)
      open.push(socket)
      const { nonce } = await socket.challenge()
      const params = { client, role: 'operator', scopes, auth }
      return socket.connect({ ...params, device: signDevice(device, { minProtocol: 4, ...params }, nonce) })
    }
    const first = await ask(['operator.read'], { token: testToken })
    const { deviceToken } = (first as { payload: { auth: { deviceToken: string } } }).payload.auth
    expect(scopesOf(first)).toEqual(['operator.read'])
    for (const wider of [['operator.admin'], ['operator.read', 'operator.admin'], ['OPERATOR.ADMIN'], ['operator.admin '], ['operator.*'], ['node']]) {
      const answer = await ask(wider, { deviceToken })
      expect(scopesOf(answer)).not.toContain('operator.admin')
      expect(answer).toMatchObject({ ok: false })
    }
    expect(scopesOf(await ask([], { deviceToken }))).toEqual(['operator.read'])
  })

  it.each([['an unknown role', { role: 'root' }], ['no role', { role: '' }], ['ten thousand scopes', { scopes: Array.from({ length: 10_000 }, (_, index) => `s${index}`) }], ['scopes that are no list', { scopes: 'operator.admin' }]])('WSH-09: %s', async (_, params) => {
    const { socket } = await upgrade(door.port)
    open.push(socket)
    const ask = socket.connect({ auth: { token: testToken }, ...params }).catch(() => ({ ok: false }))
    expect(await ask).toMatchObject({ ok: false })
    expect([1008, 1009]).toContain(await socket.end())
  })

  it('WSH-09: scopes of another spelling are none of ours', async () => {
    const { socket } = await upgrade(door.port)
    open.push(socket)
    await socket.connect({ auth: { token: testToken }, scopes: ['Operator.Admin', 'operator.read'] })
    expect((await socket.request('1', 'config.get')).error?.message).toMatch(/missing scope/)
  })
})

describe('WSH-10 device signatures', () => {
  let door: RunningDoor
  beforeAll(async () => { door = await runDoor() })
  afterAll(() => door.close())
  const client = { id: 'phone', version: '1', platform: 'ios', mode: 'ui' }
  type Change = (device: Record<string, unknown>, params: Record<string, unknown>, nonce: string) => void

  async function attemptWith(change: Change, options: { signedAt?: number } = {}): Promise<{ ok?: boolean }> {
    const { socket } = await upgrade(door.port)
    open.push(socket)
    const { nonce } = await socket.challenge()
    const params: Record<string, unknown> = { client, role: 'operator', scopes: ['operator.read'], auth: { token: testToken } }
    const device = signDevice(newDevice(), params, nonce, options)
    change(device, params, nonce)
    const answer = await socket.connect({ ...params, device })
    if (answer.ok === false) expect(await socket.end()).toBe(1008)
    return answer
  }

  it('WSH-10: a proper one is accepted', async () => {
    expect(await attemptWith(() => undefined)).toMatchObject({ ok: true })
  })

  it.each<[string, Change]>([
    ['another nonce', (device) => { device['nonce'] = 'AAAAAAAAAAAAAAAAAAAAAAAA' }],
    ['no nonce', (device) => { delete device['nonce'] }],
    ['a cut signature', (device) => { device['signature'] = String(device['signature']).slice(0, 40) }],
    ['an empty signature', (device) => { device['signature'] = 'AA' }],
    ['another key', (device) => { device['publicKey'] = newDevice().publicKey }],
    ['another id', (device) => { device['id'] = newDevice().id }],
    ['a point of low order', (device) => {
      const point = Buffer.alloc(32)
      point[0] = 1
      device['publicKey'] = point.toString('base64url')
      device['id'] = createHash('sha256').update(point).digest('hex')
      device['signature'] = Buffer.concat([point, Buffer.alloc(32)]).toString('base64url')
    }],
    ['the same point in another encoding', (device) => {
      const point = Buffer.alloc(32, 0xff)
      point[0] = 0xee
      point[31] = 0x7f
      device['publicKey'] = point.toString('base64url')
      device['id'] = createHash('sha256').update(point).digest('hex')
      device['signature'] = Buffer.concat([point, Buffer.alloc(32)]).toString('base64url')
    }],
    ['the point zero', (device) => {
      const point = Buffer.alloc(32)
      device['publicKey'] = point.toString('base64url')
      device['id'] = createHash('sha256').update(point).digest('hex')
      device['signature'] = Buffer.alloc(64).toString('base64url')
    }],
    ['another client', (_, params) => { params['client'] = { ...client, id: 'desktop' } }],
    ['another mode', (_, params) => { params['client'] = { ...client, mode: 'backend' } }],
    ['another role', (_, params) => { params['role'] = 'node' }],
    ['more scopes', (_, params) => { params['scopes'] = ['operator.read', 'operator.admin'] }],
    ['another time', (device) => { device['signedAt'] = Number(device['signedAt']) + 1 }],
    ['an RSA key', (device) => {
      const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
      device['publicKey'] = publicKey.export({ type: 'spki', format: 'der' }).toString('base64url').slice(0, 500)
      device['signature'] = sign('sha256', Buffer.from('x'), privateKey).toString('base64url').slice(0, 250)
    }],
  ])('WSH-10: %s is refused', async (_, change) => {
    expect(await attemptWith(change)).toMatchObject({ ok: false })
  })

  it.each([[-11 * 60_000], [11 * 60_000]])('WSH-10: signed %i ms away from now is refused', async (offset) => {
    expect(await attemptWith(() => undefined, { signedAt: Date.now() + offset })).toMatchObject({ ok: false })
  })

  it('WSH-10: a signature heard on one connection opens no other', async () => {
    const { socket } = await upgrade(door.port)
    open.push(socket)
    const { nonce } = await socket.challenge()
    const params = { client, role: 'operator', scopes: ['operator.read'], auth: { token: testToken } }
    const device = signDevice(newDevice(), params, nonce)
    expect(await socket.connect({ ...params, device })).toMatchObject({ ok: true })
    const replay = await upgrade(door.port)
    open.push(replay.socket)
    expect(await replay.socket.connect({ ...params, device })).toMatchObject({ ok: false })
  })

  it('WSH-10 twin: a check that leaves the nonce out would take the replay', async () => {
    const { checkDevice } = await import('../../gateway/src/api/device-signature.ts')
    const params = { client, role: 'operator', scopes: ['operator.read'], auth: { token: testToken } }
    const device = signDevice(newDevice(), params, 'heard-before') as never
    const given = { device, clientId: client.id, clientMode: client.mode, platform: client.platform, deviceFamily: undefined, role: 'operator', scopes: ['operator.read'], token: testToken }
    expect(checkDevice(given, { nonce: 'heard-before', now: Date.now(), nonceRequired: true })).toBeUndefined()
    expect(checkDevice(given, { nonce: 'the-new-one', now: Date.now(), nonceRequired: true })).toBeDefined()
  })
})

describe('WSH-11 sockets that never say who they are', () => {
  it('WSH-11: five hundred of them keep nobody out, and an address of strangers gets few', async () => {
    const silent = await Promise.all(Array.from({ length: 500 }, () => upgrade(port)))
    expect(silent.every((each) => each.status === 101)).toBe(true)
    const { socket } = await attempt()
    expect(await socket.connect({ auth: { token: world.token } })).toMatchObject({ ok: true })
    for (const each of silent) each.socket.destroy()

    const door = await runDoor({ config: { trustedProxies: ['127.0.0.1'], limits: { unauthenticatedPerAddress: 5 } } })
    const headers = { 'X-Forwarded-For': '10.0.0.9' }
    const strangers = await Promise.all(Array.from({ length: 12 }, () => upgrade(door.port, headers)))
    expect(strangers.filter((each) => each.status === 429).length).toBe(7)
    expect((await upgrade(door.port, { 'X-Forwarded-For': '10.0.0.10' })).status).toBe(101)
    await door.close()
  })
})

describe('WSH-12 forwarding headers without a proxy', () => {
  it.each(['X-Forwarded-For', 'X-Real-IP', 'Forwarded', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'CF-Connecting-IP', 'True-Client-IP'])('WSH-12: %s is refused with a reason, whatever it says', async (name) => {
    for (const value of ['127.0.0.1', '::1', 'for=127.0.0.1', '10.0.0.1, 127.0.0.1', '']) expect(await status({ [name]: value })).toBe(403)
  })

  it('WSH-12 twin: the same header from a trusted proxy makes the client a stranger, not local', async () => {
    const door = await runDoor({ config: { trustedProxies: ['127.0.0.1'] } })
    const { status: answered, socket } = await upgrade(door.port, { 'X-Forwarded-For': '10.0.0.9' })
    expect(answered).toBe(101)
    const { nonce } = await socket.challenge()
    const params = { client: { id: 'phone', version: '1', platform: 'ios', mode: 'ui' }, role: 'operator', scopes: ['operator.read'], auth: { token: testToken } }
    expect(await socket.connect({ ...params, device: signDevice(newDevice(), params, nonce) })).toMatchObject({ ok: false, error: { code: 'NOT_PAIRED' } })
    socket.destroy()
    await door.close()
  })
})
