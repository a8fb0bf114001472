import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hashSync } from '@node-rs/argon2'
import { afterEach, describe, expect, it } from 'vitest'
import { Secret, type Scope } from '@moltbot/contract'
import { FakeClock, memoryLogger } from '@moltbot/contract/testing'
import { Type } from 'typebox'
import { createAttemptLimit } from '../../gateway/src/api/attempt-limit.ts'
import { createCredentialSource } from '../../gateway/src/api/credentials.ts'
import { createIdempotency } from '../../gateway/src/api/idempotency.ts'
import type { Method } from '../../gateway/src/api/method.ts'
import { methods as shelf } from '../../gateway/src/api/methods/index.gen.ts'
import { doorIdentityMigration, doorMigration } from '../../gateway/src/api/migrations.ts'
import { createPasswords } from '../../gateway/src/api/password.ts'
import { operatorScopes } from '../../gateway/src/api/scopes.ts'
import { createDispatch } from '../../gateway/src/api/socket/dispatch.ts'
import { createSteadyClock } from '../../gateway/src/api/steady-clock.ts'
import { fakeCaller } from '../../gateway/src/api/testing/call-method.ts'
import { fakeRooms, type FakeRooms } from '../../gateway/src/api/testing/fake-rooms.ts'
import { askAt, cookiesOf, formOf, ownPage, signInByForm } from '../../gateway/src/api/testing/http-client.ts'
import { connectParams, newDevice, runDoor, testToken, TestSocket, type RunningDoor } from '../../gateway/src/api/testing/test-client.ts'
import { openStore } from '../../gateway/src/foundation/storage/index.ts'
import { projectRoot } from '../../scripts/source-tree.ts'
import { adjustableClock } from '../support/person.ts'
import { closeDoors, startDoor, startGateway, restarted, entry, page, reasonOf, tryToken, connectDevice, behindProxy, far, pairedDevice } from '../support/doors.ts'

afterEach(closeDoors)

describe('secrets at the start', () => {
  it('AUT-01: a gateway without a secret makes one, and none starts with a word from an example or opens without proof', async () => {
    const at = await startGateway({ telegram: false, config: { gateway: { auth: { token: '' } } } })
    const made = (JSON.parse(readFileSync(at.configFile, 'utf8')) as { gateway: { auth: { token: string } } }).gateway.auth.token
    expect(made).toMatch(/^[0-9a-f]{64}$/)
    for (const guess of ['', 'undefined', 'null']) expect(await entry(at.gateway.port, guess), guess).toBe('refused')
    expect(await entry(at.gateway.port, made)).toBe('in')
    for (const token of ['   ', 'undefined', 'null', 'changeme', 'your-token-here', '<token>']) {
      await expect(runDoor({ token }), token).rejects.toMatchObject({ code: 'door-placeholder' })
    }
    for (const token of ['', 'short123', 'undefined']) {
      await expect(runDoor({ token, bind: 'custom', config: { customBindHost: '0.0.0.0', tls: { enabled: true } } }), token).rejects.toMatchObject({ code: expect.stringMatching(/^door-(open|weak|placeholder)$/) })
    }
  })

  it('AUT-01 twin: a door that took any word would open to it', async () => {
    const careless = (token: string) => ({ matches: (presented: string) => presented === token })
    expect(careless('undefined').matches(String(undefined))).toBe(true)
    const ours = await createCredentialSource({ token: async () => new Secret('t', 'undefined'), password: async () => undefined, passwordHash: async () => undefined, passwords: createPasswords(), mode: () => 'token', random: randomBytes }).current()
    expect(await ours.matches(String(undefined), 'either')).toBe(false)
  })

  it('AUT-02: a token that is almost right is wrong', async () => {
    const door = await startDoor({ config: { auth: { rateLimit: { maxAttempts: 1000 } } } })
    const almost = [` ${testToken}`, `${testToken} `, testToken.toUpperCase(), testToken.slice(0, -1), `${testToken}x`, `${testToken}\u0000`, testToken.replace('e', 'е'), testToken.replaceAll('0', '０'), `${testToken}\n`, '', 'undefined', 'null', '[object Object]']
    for (const token of almost) expect([token, await tryToken(door, token)]).not.toEqual([token, 'in'])
    for (const token of almost.filter((each) => /^[\x21-\x7e]+$/.test(each))) {
      expect((await askAt(door.port, '/v1/models', { headers: { authorization: `Bearer ${token}` } })).status, token).toBe(401)
      expect((await signInByForm(door.port, { token })).cookie, token).toBe('')
    }
    expect(await tryToken(door, testToken)).toBe('in')
  })
})

describe('guessing', () => {
  it('AUT-03: ten wrong ones lock, over sockets, forms and programs, whatever address is claimed, in a burst, and after a restart', async () => {
    // Nobody guesses so slowly that a minute is over between the first and the tenth.
    const still = async (): Promise<RunningDoor> => startDoor({ rooms: await fakeRooms({ clock: new FakeClock(Date.now()) }) })
    const door = await still()
    const wrong = async (at: RunningDoor, number: number): Promise<string> => {
      if (number % 3 === 0) return tryToken(at, `wrong-${number}`)
      if (number % 3 === 1) return String((await signInByForm(at.port, { token: `wrong-${number}` })).answer.status)
      return String((await askAt(at.port, '/v1/models', { headers: { authorization: `Bearer wrong-${number}`, ...page(at) } })).status)
    }
    const said: string[] = []
    for (let number = 0; number < 14; number += 1) said.push(await wrong(door, number))
    expect(said.filter((each) => each === '401' || each === 'AUTH_TOKEN_MISMATCH')).toHaveLength(10)
    expect(await tryToken(door, testToken)).toBe('AUTH_RATE_LIMITED')
    expect((await signInByForm(door.port)).answer.status).toBe(429)
    for (let number = 0; number < 50; number += 1) {
      expect((await askAt(door.port, '/v1/models', { headers: { authorization: 'Bearer x', 'x-forwarded-for': `10.1.${number}.1` } })).status).toBe(403)
    }
    const again = await restarted(door)
    expect(await tryToken(again, testToken)).toBe('AUTH_RATE_LIMITED')

    const burst = await still()
    const sockets = await Promise.all(Array.from({ length: 40 }, () => burst.open({ headers: page(burst) })))
    const answers = (await Promise.all(sockets.map((socket, number) => socket.connect({ auth: { token: `wrong-${number}` } })))).map(reasonOf)
    expect(answers.filter((each) => each === 'AUTH_TOKEN_MISMATCH')).toHaveLength(10)
    expect(answers.filter((each) => each === 'AUTH_RATE_LIMITED')).toHaveLength(30)
  })

  it('AUT-03 twin: a limit that forgets its disk lets the guessing go on after a restart', async () => {
    const store = await openStore({ file: ':memory:', migrations: [doorMigration, doorIdentityMigration] })
    const clock = new FakeClock()
    const make = () => createAttemptLimit({ clock, store, log: memoryLogger(), limits: () => ({ maxAttempts: 10, windowMs: 60_000, lockoutMs: 300_000 }) })
    const first = make()
    for (let guess = 0; guess < 10; guess += 1) await first.failed('10.0.0.1', 'shared')
    const forgetful = make()
    const ours = make()
    await ours.load()
    expect([forgetful.lockedForMs('10.0.0.1', 'shared') > 0, ours.lockedForMs('10.0.0.1', 'shared') > 0]).toEqual([false, true])
    await store.close()
  })

  it('AUT-04: who brings no credential is not counted, so nobody honest is locked out', async () => {
    const door = await startDoor()
    for (let round = 0; round < 20; round += 1) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => askAt(door.port, '/v1/models', { headers: page(door) })))
      expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([401]))
    }
    for (let number = 0; number < 30; number += 1) expect(await tryToken(door, '')).toMatch(/MISSING|DEVICE_IDENTITY_REQUIRED/)
    expect(await tryToken(door, testToken)).toBe('in')
    expect(await door.rooms.store.read.all('SELECT * FROM door_attempts')).toEqual([])
  })

  /** Welch's t between the times of two kinds of input, taken in turns; the slowest tenth is the machine's. */
  async function tOf(check: (presented: string) => unknown, one: string, other: string): Promise<number> {
    const times: [number[], number[]] = [[], []]
    for (let sample = 0; sample < 40_000; sample += 1) {
      const kind = sample % 2
      const before = process.hrtime.bigint()
      for (let times10 = 0; times10 < 4; times10 += 1) await check(kind === 0 ? one : other)
      times[kind as 0 | 1].push(Number(process.hrtime.bigint() - before))
    }
    const [a, b] = times.map((list) => list.sort((x, y) => x - y).slice(0, Math.floor(list.length * 0.9))) as [number[], number[]]
    const mean = (list: number[]): number => list.reduce((sum, each) => sum + each, 0) / list.length
    const spread = (list: number[], of: number): number => list.reduce((sum, each) => sum + (each - of) ** 2, 0) / (list.length - 1) / list.length
    const [ma, mb] = [mean(a), mean(b)]
    return Math.abs((ma - mb) / Math.sqrt(spread(a, ma) + spread(b, mb)))
  }

  it('AUT-05: secrets are compared as digests in one place, and the time it takes tells nothing of how much was right', async () => {
    for (const file of ['api/credentials.ts', 'api/form-tokens.ts', 'journey/guard/pairing.ts']) {
      const text = readFileSync(join(projectRoot, 'gateway/src', file), 'utf8')
      expect(text, file).toContain('timingSafeEqual')
      expect(text.match(/presented === (?!'')|=== presented|given === stored/g), file).toBeNull()
    }
    const secret = 'k'.repeat(64)
    const now = await createCredentialSource({ token: async () => new Secret('t', secret), password: async () => undefined, passwordHash: async () => undefined, passwords: createPasswords(), mode: () => 'token', random: randomBytes }).current()
    const rounds: number[] = []
    while (rounds.length < 4 && !rounds.some((t) => t < 4.5)) rounds.push(await tOf((presented) => now.matches(presented, 'mode'), `${'k'.repeat(63)}x`, `x${'k'.repeat(63)}`))
    expect(Math.min(...rounds)).toBeLessThan(4.5)
  })

  it('AUT-05 twin: a comparison that stops at the first difference is told from ours', async () => {
    const secret = 'k'.repeat(2_000)
    const careless = (presented: string): boolean => {
      for (let at = 0; at < secret.length; at += 1) if (secret.charCodeAt(at) !== presented.charCodeAt(at)) return false
      return true
    }
    expect(await tOf(careless, `${'k'.repeat(1_999)}x`, `x${'k'.repeat(1_999)}`)).toBeGreaterThan(4.5)
  })
})

describe('rotation', () => {
  it('AUT-13: rotating the token in use ends the old one at once, and a restart finds exactly the new one', async () => {
    const at = await startGateway({ telegram: false })
    const user = new TestSocket(`ws://127.0.0.1:${at.gateway.port}/`)
    await user.opened()
    expect((await user.connect({ auth: { token: at.token } })).ok).toBe(true)
    const admin = await at.connect()
    const { token } = await admin.request('auth.token.rotate') as { token: string }
    const outcome = (given: string): Promise<string> => entry(at.gateway.port, given)
    expect([await outcome(at.token), await outcome(token)]).toEqual(['refused', 'in'])
    expect(await user.ended()).toMatchObject({ code: 1008 })
    // What is on disk is one whole file with one token, so a process that dies after the write starts with that one.
    const kept = (JSON.parse(readFileSync(at.configFile, 'utf8')) as { gateway: { auth: Record<string, unknown> } }).gateway.auth
    expect([kept['token'], kept['previousToken'] ?? '']).toEqual([token, ''])
    await at.restart()
    expect([await outcome(at.token), await outcome(token)]).toEqual(['refused', 'in'])
  })

  it('AUT-13: an overlap that was asked for ends by itself, for open connections too', async () => {
    const clock = adjustableClock()
    const at = await startGateway({ telegram: false, clock })
    const admin = await at.connect()
    const { token } = await admin.request('auth.token.rotate', { overlapHours: 1 }) as { token: string }
    const outcome = (given: string): Promise<string> => entry(at.gateway.port, given)
    expect([await outcome(at.token), await outcome(token)]).toEqual(['in', 'in'])
    clock.advance(61 * 60_000)
    expect([await outcome(at.token), await outcome(token)]).toEqual(['refused', 'in'])
  })
})

describe('scopes', () => {
  const subsets = (list: readonly Scope[]): Scope[][] => list.reduce<Scope[][]>((all, scope) => [...all, ...all.map((set) => [...set, scope])], [[]])
  /** Which credentials reach a method, as real dispatch decides. */
  async function reach(methods: readonly Method[], rooms: FakeRooms): Promise<string[]> {
    const dispatch = createDispatch(methods.map((method) => ({ ...method, params: Type.Unknown(), handle: async () => 'reached' })), rooms, createIdempotency(rooms.clock))
    const may = async (name: string, scopes: readonly Scope[], role: 'operator' | 'node'): Promise<boolean> => (await dispatch(name, {}, fakeCaller({ scopes }), role)).ok
    const lines: string[] = []
    for (const { name } of methods) {
      const alone: string[] = []
      for (const scope of operatorScopes) if (await may(name, [scope], 'operator')) alone.push(scope.replace('operator.', ''))
      const none = await may(name, [], 'operator')
      for (const set of subsets(operatorScopes)) {
        const expected = none || set.some((scope) => alone.includes(scope.replace('operator.', '')))
        if ((await may(name, set, 'operator')) !== expected) throw new Error(`${name} is reached otherwise with ${set.join(' ')}`)
      }
      lines.push(`${name.padEnd(34)} ${none ? 'anybody' : alone.join(' ')}${(await may(name, ['node'], 'node')) ? ' | node' : ''}`.trimEnd())
    }
    return lines.sort()
  }

  it('AUT-14: every method with every set of scopes is reached exactly as the checked-in table says', async () => {
    const rooms = await fakeRooms()
    await expect(`${(await reach(shelf, rooms)).join('\n')}\n`).toMatchFileSnapshot('./scopes-of-methods.txt')
    await rooms.store.close()
  })

  it('AUT-14 twin: a method that lost its scope stands out in the table', async () => {
    const rooms = await fakeRooms()
    const careless = shelf.map((method) => (method.name === 'config.set' ? { ...method, scope: 'operator.read' as const } : method))
    const table = readFileSync(join(projectRoot, 'test/attacks/scopes-of-methods.txt'), 'utf8')
    expect((await reach(careless, rooms)).find((line) => line.startsWith('config.set '))).toMatch(/^config\.set +admin read write$/)
    expect(table).toMatch(/^config\.set +admin$/m)
    await rooms.store.close()
  })

  it('AUT-15: a credential of one way in opens no other', async () => {
    const door = await startDoor({ ...behindProxy, methods: shelf })
    const { token: deviceToken } = await pairedDevice(door, ['operator.admin'])
    const { token: link } = await door.rooms.signIns.link()
    const { cookie } = await signInByForm(door.port)
    const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })
    const status = async (path: string, headers: Record<string, string>): Promise<number> => (await askAt(door.port, path, { headers })).status
    const table: [string, string, Record<string, string>, number][] = [
      ['the token', '/v1/models', bearer(testToken), 200], ['a device token', '/v1/models', bearer(deviceToken), 401], ['a link', '/v1/models', bearer(link), 401],
      ['a cookie', '/v1/models', { cookie }, 401], ['a cookie as a token', '/v1/models', bearer(cookie.split('=')[1] ?? ''), 401],
      ['the token on the page', '/ui-config.json', bearer(testToken), 401], ['a device token on the page', '/ui-config.json', bearer(deviceToken), 401], ['a cookie on the page', '/ui-config.json', { cookie }, 200],
      ['a device token in the address', `/?token=${deviceToken}`, {}, 401], ['the token as basic', '/v1/models', { authorization: `Basic ${Buffer.from(`x:${testToken}`).toString('base64')}` }, 401],
    ]
    for (const [what, path, headers, expected] of table) expect([what, await status(path, headers)]).toEqual([what, expected])
    const socket = await door.open(far)
    expect((await socket.connect({ auth: { token: deviceToken } })).ok).toBe(false)
    const withLink = await door.open(far)
    expect((await withLink.connect({ auth: { token: link } })).ok).toBe(false)
  })

  it('AUT-16: nobody approves what they asked for themselves, and no lesser credential approves anything', async () => {
    const door = await startDoor({ ...behindProxy, methods: shelf })
    const asker = newDevice()
    const socket = await door.open(far)
    const asked = await connectDevice(socket, asker, { scopes: ['operator.admin'] })
    const requestId = String(asked.error?.details?.['requestId'])
    await socket.ended()
    const tries: [string, Record<string, unknown>][] = [
      ['read', { scopes: ['operator.read'] }], ['write', { scopes: ['operator.write'] }], ['approvals', { scopes: ['operator.approvals'] }],
    ]
    for (const [what, params] of tries) {
      const caller = await door.open()
      expect((await caller.connect(params)).ok, what).toBe(true)
      expect((await caller.request('device.pair.approve', { requestId })).ok, what).toBe(false)
    }
    // Holding only pairing, one cannot hand out administration.
    const pairing = await door.open()
    await pairing.connect({ scopes: ['operator.pairing'] })
    expect((await pairing.request('device.pair.approve', { requestId })).ok).toBe(false)
    const node = newDevice()
    const nodeAsk = await connectDevice(await door.open(far), node, { role: 'node', scopes: [] })
    await door.rooms.devices.approve(String(nodeAsk.error?.details?.['requestId']), ['operator.admin'])
    const asNode = await door.open(far)
    expect((await connectDevice(asNode, node, { role: 'node', scopes: [] })).ok).toBe(true)
    expect((await asNode.request('device.pair.approve', { requestId })).ok).toBe(false)
    expect((await door.rooms.devices.list()).map(({ deviceId }) => deviceId)).toEqual([node.id])
  })
})

describe('passwords', () => {
  const passwordDoor = async (password: string): Promise<RunningDoor> => {
    const rooms = await fakeRooms({ config: { gateway: { auth: { mode: 'password' } } } })
    rooms.state.secrets.set('gateway.auth.password', new Secret('password', password))
    return startDoor({ rooms, token: '' })
  }
  const tryPassword = (door: RunningDoor, password: string): Promise<string> => tryToken(door, '', { auth: { password } })

  it('AUT-17: a huge password costs nothing, its letters may be written either way, and fifty at once leave the door answering', async () => {
    const door = await passwordDoor('gr\u00fcner Tee am Morgen')
    expect(await tryPassword(door, 'gr\u00fcner Tee am Morgen')).toBe('in')
    expect(await tryPassword(door, 'gru\u0308ner Tee am Morgen')).toBe('in')
    expect(await tryPassword(door, 'gruner Tee am Morgen')).toBe('AUTH_PASSWORD_MISMATCH')
    expect(await tryPassword(door, 'x'.repeat(1_025))).toBe('AUTH_PASSWORD_MISMATCH')
    const huge = await door.open({ headers: page(door) })
    huge.send({ type: 'req', id: '1', method: 'connect', params: connectParams({ auth: { password: 'x'.repeat(1_048_576) } }) })
    expect((await huge.ended()).code).toBe(1009)
    const form = await askAt(door.port, '/login', {})
    expect((await askAt(door.port, '/login', { method: 'POST', headers: { ...ownPage(door.port), cookie: cookiesOf(form) }, body: `form=${formOf(form)}&token=${'x'.repeat(1_048_576)}` })).status).toBe(413)

    const sockets = await Promise.all(Array.from({ length: 50 }, () => door.open({ headers: page(door) })))
    const order: string[] = []
    const guesses = Promise.all(sockets.map(async (socket, number) => reasonOf(await socket.connect({ auth: { password: `wrong ${number}` } })))).then((said) => { order.push('guesses'); return said })
    await askAt(door.port, '/health').then(() => order.push('health'))
    const said = await guesses
    expect(order).toEqual(['health', 'guesses'])
    expect(said.filter((each) => each === 'AUTH_PASSWORD_MISMATCH').length).toBeLessThanOrEqual(10)
    expect(await tryPassword(door, 'gr\u00fcner Tee am Morgen')).toBe('AUTH_RATE_LIMITED')
  })

  it('AUT-17 twin: a hash worked out on the spot keeps everybody waiting', async () => {
    const order: string[] = []
    const turn = new Promise<void>((resolve) => setImmediate(() => { order.push('others'); resolve() }))
    for (let guess = 0; guess < 3; guess += 1) hashSync(`wrong ${guess}`)
    order.push('guesses')
    await turn
    expect(order).toEqual(['guesses', 'others'])
  })
})

describe('time', () => {
  it('AUT-20: what expired stays expired when the clock is set back, while running and over a restart', async () => {
    const day = 86_400_000
    let machine = 1_000 * day
    const clock = { now: () => machine, after: () => () => undefined }
    const store = await openStore({ file: ':memory:', migrations: [doorMigration, doorIdentityMigration] })
    const first = await createSteadyClock({ store, clock })
    const rooms = await fakeRooms({ clock: first })
    const credentials = await createCredentialSource({ token: async () => new Secret('t', testToken), password: async () => undefined, passwordHash: async () => undefined, passwords: createPasswords(), mode: () => 'token', random: randomBytes }).current()
    const facts = { userAgent: 'x', address: null, via: 'secret' }
    const { cookie } = await rooms.signIns.create(credentials, day / 2, facts)
    const { token } = await rooms.signIns.link()
    machine += day
    expect(await rooms.signIns.find(cookie, credentials, day * 9, facts)).toBeUndefined()
    machine -= day
    expect(await rooms.signIns.find(cookie, credentials, day * 9, facts)).toBeUndefined()
    expect(await rooms.signIns.useLink(token)).toBe(false)
    await store.transaction(async () => undefined)
    // The next process reads the floor; its time goes on from there and does not stand still.
    const second = await createSteadyClock({ store, clock })
    const at = second.now()
    expect(at).toBeGreaterThanOrEqual(1_001 * day)
    machine += 5_000
    expect(second.now()).toBe(at + 5_000)
    machine += 2 * day
    expect(second.now()).toBe(machine)
    await rooms.store.close()
    await store.close()
  })

  it('AUT-20 twin: with the machine\'s own clock the session comes back', async () => {
    const day = 86_400_000
    let machine = 1_000 * day
    const rooms = await fakeRooms({ clock: { now: () => machine, after: () => () => undefined } })
    const credentials = await createCredentialSource({ token: async () => new Secret('t', testToken), password: async () => undefined, passwordHash: async () => undefined, passwords: createPasswords(), mode: () => 'token', random: randomBytes }).current()
    const facts = { userAgent: 'x', address: null, via: 'secret' }
    const { cookie } = await rooms.signIns.create(credentials, day / 2, facts)
    machine += day
    expect(await rooms.signIns.find(cookie, credentials, day * 9, facts)).toBeUndefined()
    machine -= day
    expect(await rooms.signIns.find(cookie, credentials, day * 9, facts)).toBeDefined()
    await rooms.store.close()
  })
})
