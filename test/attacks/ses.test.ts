import { randomBytes } from 'node:crypto'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { Secret, type Clock } from '@moltbot/contract'
import { countingIds, memoryLogger } from '@moltbot/contract/testing'
import { Type } from 'typebox'
import { createBrowserSessions, type BrowserSessions } from '../../gateway/src/api/browser-sessions.ts'
import { createCredentialSource, type Credentials } from '../../gateway/src/api/credentials.ts'
import { openDoorFloor } from '../../gateway/src/api/door-floor.ts'
import { defineMethod } from '../../gateway/src/api/method.ts'
import { methods as shelf } from '../../gateway/src/api/methods/index.gen.ts'
import { doorDeviceBrowsersMigration, doorIdentityMigration, doorMigration } from '../../gateway/src/api/migrations.ts'
import { createPasswords } from '../../gateway/src/api/password.ts'
import { fakeRooms } from '../../gateway/src/api/testing/fake-rooms.ts'
import { askAt, cookiesOf, formOf, ownPage, signInByForm } from '../../gateway/src/api/testing/http-client.ts'
import { runDoor, testToken, type Frame, type RunningDoor, type TestSocket } from '../../gateway/src/api/testing/test-client.ts'
import { openStore } from '../../gateway/src/foundation/storage/index.ts'
import { projectRoot } from '../../scripts/source-tree.ts'
import { adjustableClock } from '../support/person.ts'

const minute = 60_000
const hour = 60 * minute
const doors: RunningDoor[] = []
const folders: string[] = []
afterEach(async () => {
  for (const door of doors.splice(0)) await door.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})
async function start(options: Parameters<typeof runDoor>[0] & { clock?: Clock } = {}): Promise<RunningDoor> {
  const { clock, config, ...rest } = options
  const door = await runDoor({ ...rest, rooms: await fakeRooms({ ...(clock === undefined ? {} : { clock }), config: { gateway: config ?? {} } }) })
  doors.push(door)
  return door
}
const own = (door: RunningDoor): Record<string, string> => ({ origin: door.url, 'sec-fetch-site': 'same-origin' })
const signedIn = async (door: RunningDoor, cookie: string): Promise<boolean> => (await askAt(door.port, '/ui-config.json', { headers: { cookie } })).status === 200
async function pageSocket(door: RunningDoor, cookie: string): Promise<{ socket: TestSocket; hello: Frame }> {
  const socket = await door.open({ headers: { ...own(door), cookie } })
  return { socket, hello: await socket.connect({ auth: undefined, scopes: undefined, client: { id: 'moltbot-control-ui', version: '1', platform: 'x', mode: 'webchat' } }) }
}
async function signOut(door: RunningDoor, cookie: string, end: string): Promise<number> {
  const form = formOf(await askAt(door.port, '/logout', { headers: { cookie } }))
  return (await askAt(door.port, '/logout', { method: 'POST', headers: { ...ownPage(door.port), cookie }, body: new URLSearchParams({ form, end }).toString() })).status
}
const credentialsOf = (token: string): Promise<Credentials> =>
  createCredentialSource({ token: async () => new Secret('t', token), password: async () => undefined, passwordHash: async () => undefined, passwords: createPasswords(), mode: () => 'token', random: randomBytes }).current()

describe('the cookie', () => {
  it('SES-01: has every attribute that keeps it home, and the prefix of an encrypted port where there is one', async () => {
    const door = await start()
    const { answer } = await signInByForm(door.port)
    const set = (answer.headers['set-cookie'] ?? []).filter((line) => /session_\d+=/.test(line))
    expect(set).toEqual([expect.stringMatching(/^moltbot_session_\d+=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/)])
    const encrypted = await start({ config: { tls: { enabled: true } } })
    const headers = await new Promise<IncomingHttpHeaders>((resolve, reject) => {
      request({ host: '127.0.0.1', port: encrypted.port, path: `/?token=${testToken}`, rejectUnauthorized: false, agent: false }, (response) => resolve(response.resume().headers)).on('error', reject).end()
    })
    expect(headers['set-cookie']).toEqual([expect.stringMatching(/^__Host-moltbot_session_\d+=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200; Secure$/)])
  })

  it('SES-02: a hundred thousand ids are all different, of 256 bits, and none of their bits leans to a side', async () => {
    const text = readFileSync(join(projectRoot, 'gateway/src/api/browser-sessions.ts'), 'utf8')
    expect(text).not.toMatch(/Math\.random|Date\.now/)
    const rooms = await fakeRooms()
    const credentials = await credentialsOf(testToken)
    const facts = { userAgent: 'x', address: null, via: 'secret' }
    const fromDoor = await Promise.all(Array.from({ length: 200 }, () => rooms.signIns.create(credentials, hour, facts)))
    expect(new Set(fromDoor.map(({ cookie }) => cookie)).size).toBe(200)
    const ids = Array.from({ length: 100_000 }, () => randomBytes(32))
    expect(new Set(ids.map((id) => id.toString('base64url'))).size).toBe(100_000)
    const ones = Array.from({ length: 256 }, () => 0)
    for (const id of ids) for (let bit = 0; bit < 256; bit += 1) ones[bit] = (ones[bit] ?? 0) + (((id[bit >> 3] ?? 0) >> (bit & 7)) & 1)
    // Six standard deviations of a fair coin: 100 000 / 2 ± 6 · √25 000.
    for (const count of ones) expect(Math.abs(count - 50_000)).toBeLessThan(950)
    await rooms.store.close()
  })

  it('SES-06: an id brought along is never taken on', async () => {
    const door = await start()
    const mine = 'A'.repeat(43)
    const brought = `moltbot_session_${door.port}=${mine}`
    const { cookie } = await signInByForm(door.port, { headers: { cookie: brought } })
    expect(cookie).not.toContain(mine)
    expect([await signedIn(door, brought), await signedIn(door, cookie)]).toEqual([false, true])
    // Signing in again changes the id, and the one of before is worth nothing.
    const again = await signInByForm(door.port, { headers: { cookie } })
    expect([again.cookie === cookie, await signedIn(door, cookie), await signedIn(door, again.cookie)]).toEqual([false, false, true])
  })

  it('SES-09: cookies that are huge, many, doubled or binary are refused or ignored', async () => {
    const door = await start()
    const { cookie } = await signInByForm(door.port)
    const name = cookie.split('=')[0] ?? ''
    const many = Array.from({ length: 200 }, (_, at) => `c${at}=x`).join('; ')
    for (const odd of [`${name}=${'x'.repeat(8_192)}`, many, `${name}=\u00ff\u00fe`, `${name}`, `=${cookie}`, ';;;;', `${name}=%00`, `${name}="${cookie.split('=')[1]}"`, `${name.toUpperCase()}=${cookie.split('=')[1]}`]) {
      expect([200, 401, 400, 431]).toContain((await askAt(door.port, '/ui-config.json', { headers: { cookie: odd } })).status)
      expect(await signedIn(door, odd), odd.slice(0, 40)).toBe(false)
    }
    expect((await askAt(door.port, '/ui-config.json', { headers: { cookie: `${name}=${'x'.repeat(20_000)}` } })).status).toBe(431)
    // Two of one name: a page of a sibling may have planted one, so neither decides for the other.
    expect(await signedIn(door, `${name}=${'B'.repeat(43)}; ${cookie}`)).toBe(false)
    expect(await signedIn(door, `${many}; ${cookie}`)).toBe(true)
    expect((await askAt(door.port, '/health')).status).toBe(200)
  })
})

describe('the link', () => {
  it('SES-03: a one-time link is exchanged at once, leaves the address, opens once, and stands in no log', async () => {
    const door = await start()
    const { token } = await door.rooms.signIns.link()
    const first = await askAt(door.port, `/?token=${token}`)
    expect([first.status, first.headers['location'], first.headers['referrer-policy'], first.headers['cache-control']]).toEqual([303, '/', 'no-referrer', 'no-store'])
    expect(await signedIn(door, cookiesOf(first))).toBe(true)
    const second = await askAt(door.port, `/?token=${token}`)
    expect([second.status, cookiesOf(second).includes('session_') && /session_\d+=/.test(cookiesOf(second))]).toEqual([401, false])
    expect(second.text).toContain('used already')
    const late = adjustableClock()
    const other = await start({ clock: late })
    const { token: old } = await other.rooms.signIns.link()
    late.advance(11 * minute)
    expect((await askAt(other.port, `/?token=${old}`)).status).toBe(401)
    expect(JSON.stringify(door.rooms.state.lines)).not.toContain(token)
    expect(JSON.stringify(await door.rooms.store.read.all('SELECT * FROM sign_in_links'))).not.toContain(token)
    expect(JSON.stringify(door.rooms.state.audit)).not.toContain(token)
  })

  it('SES-04: a linked telephone is not signed out for lying still, but at the end of its days; a link for a browser makes none', async () => {
    const clock = adjustableClock()
    const door = await start({ clock })
    const { token } = await door.rooms.signIns.link('device')
    const first = await askAt(door.port, `/?token=${token}`)
    expect(first.status).toBe(303)
    const { token: plain } = await door.rooms.signIns.link()
    expect((await askAt(door.port, `/?token=${plain.replace('once-', 'link-')}`)).status).toBe(401)
    const browser = cookiesOf(await askAt(door.port, `/?token=${plain}`))
    clock.advance(29 * 24 * 60 * minute)
    expect([await signedIn(door, cookiesOf(first)), await signedIn(door, browser)]).toEqual([true, false])
    clock.advance(24 * 60 * minute)
    expect(await signedIn(door, cookiesOf(first))).toBe(false)
  })

  it('SES-03 twin: a link that is only looked up opens twice', async () => {
    const rooms = await fakeRooms()
    const { token } = await rooms.signIns.link()
    const lookup = async (): Promise<boolean> => (await rooms.store.read.all('SELECT * FROM sign_in_links')).length > 0
    expect([await lookup(), await lookup()]).toEqual([true, true])
    expect([await rooms.signIns.useLink(token), await rooms.signIns.useLink(token)]).toEqual([true, false])
    await rooms.store.close()
  })
})

describe('the end of a session', () => {
  it('SES-04: fifteen minutes without use or twelve hours in all, and the page is closed with it', async () => {
    const clock = adjustableClock()
    const door = await start({ clock })
    const idle = (await signInByForm(door.port)).cookie
    clock.advance(15 * minute - 1_000)
    expect(await signedIn(door, idle)).toBe(true)
    clock.advance(15 * minute + 1_000)
    expect(await signedIn(door, idle)).toBe(false)
    const used = (await signInByForm(door.port)).cookie
    for (let passed = 0; passed < 12 * 60 - 10; passed += 10) {
      clock.advance(10 * minute)
      expect(await signedIn(door, used), `${passed} min`).toBe(true)
    }
    clock.advance(10 * minute)
    expect(await signedIn(door, used)).toBe(false)
    // A socket of a session that is over is noticed by the rounds the door makes.
    const open = await signInByForm(door.port)
    const [session] = await door.rooms.signIns.list()
    expect((await pageSocket(door, open.cookie)).hello.ok).toBe(true)
    const digest = (await door.rooms.store.read.get<{ digest: string }>('SELECT digest FROM browser_sessions WHERE id = ?', session?.id ?? ''))?.digest ?? ''
    clock.advance(12 * hour)
    expect(await door.rooms.signIns.alive(digest, 15 * minute)).toBe(false)
  })

  it('SES-05: signing out, everywhere or by a new secret, ends pages and requests at once', async () => {
    const door = await start({ methods: shelf })
    const [one, two, three] = [await signInByForm(door.port), await signInByForm(door.port), await signInByForm(door.port)]
    const first = await pageSocket(door, one.cookie)
    const second = await pageSocket(door, two.cookie)
    const third = await pageSocket(door, three.cookie)
    expect([first.hello.ok, second.hello.ok, third.hello.ok]).toEqual([true, true, true])
    expect(await signOut(door, one.cookie, 'this')).toBe(303)
    expect((await first.socket.ended()).code).toBe(1008)
    expect([await signedIn(door, one.cookie), await signedIn(door, two.cookie)]).toEqual([false, true])
    expect((await third.socket.request('sessions.browser.end', { others: true })).payload).toEqual({ ok: true, ended: 1 })
    expect((await second.socket.ended()).code).toBe(1008)
    expect([await signedIn(door, two.cookie), await signedIn(door, three.cookie)]).toEqual([false, true])
    const { token } = await door.rooms.signIns.link()
    door.setToken('another-token-0123456789abcdef0123456789')
    await door.door.checkCredentials()
    expect((await third.socket.ended()).code).toBe(1008)
    expect([await signedIn(door, three.cookie), (await askAt(door.port, `/?token=${token}`)).status]).toEqual([false, 401])
  })

  it('SES-05 twin: a page that is only looked at when it connects would live on', async () => {
    const rooms = await fakeRooms()
    const credentials = await credentialsOf(testToken)
    const { session } = await rooms.signIns.create(credentials, hour, { userAgent: 'x', address: null, via: 'secret' })
    let told = 0
    const stop = rooms.signIns.onEnd(() => { told += 1 })
    stop()
    await rooms.signIns.end(session.id)
    expect([told, await rooms.signIns.alive(session.digest, hour)]).toEqual([0, false])
    await rooms.store.close()
  })

  it('SES-07: with two tabs, one signing out ends both, nobody is brought back, and signing in twice at once locks nobody out', async () => {
    const door = await start()
    const { cookie } = await signInByForm(door.port)
    const [one, two] = [await pageSocket(door, cookie), await pageSocket(door, cookie)]
    expect(await signOut(door, cookie, 'this')).toBe(303)
    await Promise.all([one.socket.ended(), two.socket.ended()])
    await door.rooms.store.transaction(async () => undefined)
    expect(await signedIn(door, cookie)).toBe(false)
    expect((await pageSocket(door, cookie)).hello.ok).toBe(false)
    const first = await signInByForm(door.port)
    const both = await Promise.all([signInByForm(door.port, { headers: { cookie: first.cookie } }), signInByForm(door.port, { headers: { cookie: first.cookie } })])
    expect(await Promise.all([first.cookie, ...both.map((each) => each.cookie)].map((each) => signedIn(door, each)))).toEqual([false, true, true])
  })
})

describe('the store', () => {
  const migrations = [doorMigration, doorIdentityMigration, doorDeviceBrowsersMigration]
  async function machine(file: string, clock: Clock): Promise<{ sessions: BrowserSessions; store: Awaited<ReturnType<typeof openStore>>; log: ReturnType<typeof memoryLogger> }> {
    const store = await openStore({ file: `${file}.db`, migrations })
    const log = memoryLogger()
    const floor = await openDoorFloor({ store, file: `${file}.key`, random: randomBytes, log })
    return { sessions: createBrowserSessions({ store, clock, newId: countingIds(), random: randomBytes, floor }), store, log }
  }
  /** The store as somebody would copy it: what is not in the file itself yet stands beside it. */
  const copyStore = (from: string, to: string): void => {
    for (const part of ['.db', '.db-wal']) if (existsSync(`${from}${part}`)) cpSync(`${from}${part}`, `${to}${part}`)
  }
  const folder = (): string => {
    const made = mkdtempSync(join(tmpdir(), 'ses-'))
    folders.push(made)
    return made
  }
  const facts = { userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0', address: null, via: 'secret' }

  it('SES-08: a copied store, another browser, or a store that was put back opens nothing', async () => {
    const clock = adjustableClock()
    const place = folder()
    const credentials = await credentialsOf(testToken)
    const here = await machine(join(place, 'here'), clock)
    const { cookie, session } = await here.sessions.create(credentials, hour, facts)
    expect(await here.sessions.find(cookie, credentials, hour, facts)).toBeDefined()
    // A newer version of the same browser is the same browser; another one is not.
    expect(await here.sessions.find(cookie, credentials, hour, { ...facts, userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/141.2' })).toBeDefined()
    expect(await here.sessions.find(cookie, credentials, hour, { ...facts, userAgent: 'Mozilla/5.0 (Macintosh) Safari/605' })).toBeUndefined()
    expect(await here.sessions.find(cookie, credentials, hour, { ...facts, via: 'proxy:ann' })).toBeUndefined()
    await here.store.close()
    copyStore(join(place, 'here'), join(place, 'there'))
    copyStore(join(place, 'here'), join(place, 'back'))
    const there = await machine(join(place, 'there'), clock)
    expect(await there.sessions.find(cookie, credentials, hour, facts)).toBeUndefined()
    await there.store.close()

    const again = await machine(join(place, 'here'), clock)
    expect(await again.sessions.find(cookie, credentials, hour, facts)).toBeDefined()
    await again.sessions.end(session.id)
    await again.store.close()
    cpSync(join(place, 'here.key'), join(place, 'back.key'))
    const back = await machine(join(place, 'back'), clock)
    expect(await back.sessions.find(cookie, credentials, hour, facts)).toBeUndefined()
    expect(back.log.lines.map((line) => line.level)).toEqual(['warn'])
    await back.store.close()
  })

  it('SES-08 twin: without the count beside it, the store that was put back brings the session back', async () => {
    const clock = adjustableClock()
    const place = folder()
    const credentials = await credentialsOf(testToken)
    const here = await machine(join(place, 'here'), clock)
    const { cookie, session } = await here.sessions.create(credentials, hour, facts)
    await here.store.close()
    copyStore(join(place, 'here'), join(place, 'back'))
    cpSync(join(place, 'here.key'), join(place, 'back.key'))
    const again = await machine(join(place, 'here'), clock)
    await again.sessions.end(session.id)
    await again.store.close()
    const back = await machine(join(place, 'back'), clock)
    expect(await back.sessions.find(cookie, credentials, hour, facts)).toBeDefined()
    await back.store.close()
  })
})

describe('a sensitive act', () => {
  it('SES-10: whoever signed in more than half an hour ago proves themselves again first', async () => {
    const clock = adjustableClock()
    const door = await start({ clock, methods: shelf, config: { controlUi: { sessionIdleMinutes: 720 } } })
    const { cookie } = await signInByForm(door.port)
    const acts: [string, Record<string, unknown>][] = [
      ['principals.role', { id: 'pr_1', role: 'owner' }], ['config.set', { path: 'gateway.bind', value: 'lan' }], ['config.set', { path: 'tools.exec.security', value: 'full' }],
      ['config.set', { path: 'agents.defaults.sandbox.mode', value: 'off' }], ['config.patch', { raw: '{}' }], ['config.apply', { raw: '{}' }], ['auth.link', {}], ['auth.token.rotate', {}], ['auth.password.set', { password: 'correct horse battery' }],
    ]
    clock.advance(29 * minute)
    const fresh = await pageSocket(door, cookie)
    expect((await fresh.socket.request('auth.link', {})).ok).toBe(true)
    clock.advance(2 * minute)
    const before = JSON.stringify(door.rooms.state.config)
    for (const [method, params] of acts) {
      const answer = await fresh.socket.request(method, params)
      expect([method, answer.error?.details?.['code']]).toEqual([method, 'REAUTHENTICATION_REQUIRED'])
    }
    expect(JSON.stringify(door.rooms.state.config)).toBe(before)
    // Everything else goes on as before, and a new connection with the old cookie changes nothing about it.
    expect((await fresh.socket.request('config.set', { path: 'messages.queue.mode', value: 'collect' })).ok).toBe(true)
    expect((await (await pageSocket(door, cookie)).socket.request('auth.link', {})).ok).toBe(false)
    const again = await signInByForm(door.port, { headers: { cookie } })
    expect((await fresh.socket.ended()).code).toBe(1008)
    expect((await (await pageSocket(door, again.cookie)).socket.request('auth.link', {})).ok).toBe(true)
  })

  it('SES-10 twin: the same act without the mark is done', async () => {
    const clock = adjustableClock()
    const careless = defineMethod({ name: 'auth.link', scope: 'operator.admin', summary: 'x', params: Type.Object({}), result: Type.Unknown(), handle: async () => ({ ok: true }) })
    const door = await start({ clock, methods: [careless], config: { controlUi: { sessionIdleMinutes: 720 } } })
    const { cookie } = await signInByForm(door.port)
    clock.advance(31 * minute)
    expect((await (await pageSocket(door, cookie)).socket.request('auth.link', {})).ok).toBe(true)
  })
})
