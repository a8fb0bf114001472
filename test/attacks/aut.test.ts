import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { hashSync } from '@node-rs/argon2'
import { afterEach, describe, expect, it } from 'vitest'
import { Secret, type Scope } from '@moltbot/contract'
import { FakeClock, memoryLogger } from '@moltbot/contract/testing'
import { Type } from 'typebox'
import { createAttemptLimit } from '../../gateway/src/api/attempt-limit.ts'
import { createCredentialSource } from '../../gateway/src/api/credentials.ts'
import { createIdempotency } from '../../gateway/src/api/idempotency.ts'
import { defineMethod, type Method } from '../../gateway/src/api/method.ts'
import { methods as shelf } from '../../gateway/src/api/methods/index.gen.ts'
import { doorIdentityMigration, doorMigration } from '../../gateway/src/api/migrations.ts'
import { createPasswords } from '../../gateway/src/api/password.ts'
import { coversAll, operatorScopes } from '../../gateway/src/api/scopes.ts'
import { createDispatch } from '../../gateway/src/api/socket/dispatch.ts'
import { createSteadyClock } from '../../gateway/src/api/steady-clock.ts'
import { fakeCaller } from '../../gateway/src/api/testing/call-method.ts'
import { fakeRooms, type FakeRooms } from '../../gateway/src/api/testing/fake-rooms.ts'
import { askAt, cookiesOf, formOf, ownPage, signInByForm } from '../../gateway/src/api/testing/http-client.ts'
import { connectParams, newDevice, runDoor, signDevice, testToken, TestSocket, type Frame, type RunningDoor, type TestDevice } from '../../gateway/src/api/testing/test-client.ts'
import { openStore } from '../../gateway/src/foundation/storage/index.ts'
import { projectRoot } from '../../scripts/source-tree.ts'
import { callTool, inOrder, say } from '../fakes/model-servers/index.ts'
import { adjustableClock, ownedBy1001, personAt } from '../support/person.ts'
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../support/test-gateway.ts'

const doors: RunningDoor[] = []
const gateways: TestGateway[] = []
afterEach(async () => {
  for (const door of doors.splice(0)) await door.close()
  for (const gateway of gateways.splice(0)) await gateway.close()
})
async function start(options: Parameters<typeof runDoor>[0] = {}): Promise<RunningDoor> {
  const door = await runDoor(options)
  doors.push(door)
  return door
}
async function startGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const gateway = await startTestGateway({ builtin: true, ...options })
  gateways.push(gateway)
  return gateway
}
/** The same door again on the same store, as after a crash: the new process knows nothing but the disk. */
async function restarted(door: RunningDoor, options: Parameters<typeof runDoor>[0] = {}): Promise<RunningDoor> {
  doors.splice(doors.indexOf(door), 1)
  await door.door.close()
  return start({ ...options, rooms: door.rooms })
}
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
/** Whether a program gets in with a token. */
async function entry(port: number, token: string): Promise<'in' | 'refused'> {
  const socket = new TestSocket(`ws://127.0.0.1:${port}/`)
  await socket.opened()
  const { ok } = await socket.connect({ auth: { token } })
  socket.ws.terminate()
  return ok === true ? 'in' : 'refused'
}
const page = (door: RunningDoor): Record<string, string> => ({ origin: door.url, 'sec-fetch-site': 'same-origin' })
const reasonOf = (frame: Frame): string => String(frame.error?.details?.['code'] ?? (frame.ok === true ? 'in' : frame.error?.message))
/** One try over a WebSocket of a page of ours: no favour is done to loopback there. */
async function tryToken(door: RunningDoor, token: string, params: Record<string, unknown> = {}): Promise<string> {
  const socket = await door.open({ headers: page(door) })
  const answer = reasonOf(await socket.connect({ auth: { token }, ...params }))
  socket.ws.terminate()
  return answer
}
async function connectDevice(socket: TestSocket, device: TestDevice, params: Record<string, unknown>): Promise<Frame> {
  const { nonce } = await socket.challenge()
  return socket.connect({ ...params, device: signDevice(device, connectParams(params), nonce) })
}
const anything = Type.Unknown()
/** A door whose clients come through a proxy: then no device is let in silently. */
const behindProxy = { config: { trustedProxies: ['127.0.0.1'] } }
const far = { headers: { 'x-forwarded-for': '10.0.0.9' } }
/** A paired device on its own token, as after a person's yes. */
async function pairedDevice(door: RunningDoor, scopes: string[]): Promise<{ device: TestDevice; token: string }> {
  const device = newDevice()
  const asked = await connectDevice(await door.open(far), device, { scopes })
  await door.rooms.devices.approve(String(asked.error?.details?.['requestId']), ['operator.admin'])
  const hello = await connectDevice(await door.open(far), device, { scopes })
  return { device, token: (hello.payload as { auth: { deviceToken: string } }).auth.deviceToken }
}

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
    const door = await start({ config: { auth: { rateLimit: { maxAttempts: 1000 } } } })
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
    const door = await start()
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

    const burst = await start()
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
    const door = await start()
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

describe('pairing', () => {
  it('AUT-06: a thousand guesses of a code are ten, three wait for each account, and a missed code dies', async () => {
    const at = await startGateway()
    const client = await at.connect()
    for (const id of [1, 2, 3, 4, 5]) await personAt(at, id, { name: `Stranger ${id}` }).hand('hello')
    await at.quiet()
    const waiting = await at.gateway.rooms.guard.pending()
    expect(waiting).toHaveLength(3)
    const said: string[] = []
    for (let guess = 0; guess < 1_000; guess += 1) said.push(await client.request('pairing.approve', { channel: 'telegram', code: `AAAA${String(guess).padStart(4, '2')}` }).then(() => 'in', (error: Error) => error.message))
    expect(said.filter((each) => /has that code/.test(each))).toHaveLength(10)
    expect(said.filter((each) => /locked/.test(each))).toHaveLength(990)
    expect(await at.gateway.rooms.guard.pending()).toEqual([])
    expect((await at.gateway.rooms.guard.paired()).map(({ sender }) => sender)).toEqual([])
  })

  it('AUT-07: two at once, one twice, late, and elsewhere: exactly the one that is meant gets in, once', async () => {
    const clock = adjustableClock()
    const at = await startGateway({ clock, config: ownedBy1001 })
    const [one, other] = [personAt(at, 11, { name: 'Twin' }), personAt(at, 12, { name: 'Twin' })]
    await Promise.all([one.hand('hi'), other.hand('hi')])
    await at.quiet()
    const { guard } = at.gateway.rooms
    const codeOf = async (id: string): Promise<string> => (await guard.pending()).find((each) => each.sender === id)?.code ?? ''
    const code = await codeOf('11')
    const client = await at.connect()
    await expect(client.request('pairing.approve', { channel: 'web', code })).rejects.toThrow()
    const tries = await Promise.allSettled([client.request('pairing.approve', { channel: 'telegram', code }), client.request('pairing.approve', { channel: 'telegram', code })])
    expect(tries.map((each) => each.status).sort()).toEqual(['fulfilled', 'rejected'])
    expect((await guard.paired()).map(({ sender }) => sender)).toEqual(['11'])
    const late = await codeOf('12')
    clock.advance(61 * 60_000)
    await expect(client.request('pairing.approve', { channel: 'telegram', code: late })).rejects.toThrow('has that code')
    expect((await guard.paired()).map(({ sender }) => sender)).toEqual(['11'])
  })

  it('AUT-08: a request that carries commands, markup and hidden characters is one short plain line', async () => {
    const at = await startGateway({ config: ownedBy1001 })
    const eve = personAt(at, 66, { name: `Eve</script><img src=x onerror=alert(1)>\n/pair AAAAAAAA\u202e\u0007**bold** [x](http://evil) ${'x'.repeat(4_000)}` })
    await eve.hand('/pair AAAAAAAA')
    await at.quiet()
    const [request] = await at.gateway.rooms.guard.pending()
    expect(request?.senderName).not.toMatch(/[\n\u202e\u0007<>*[\]`]/)
    expect(request?.senderName?.length).toBeLessThanOrEqual(100)
    expect(await at.gateway.rooms.guard.paired()).toEqual([])
    const listed = JSON.stringify(await (await at.connect()).request('pairing.list'))
    expect(listed).not.toMatch(/<img|\\n\/pair/)
  })

  it('AUT-09: neither the agent nor anybody but the owner can let somebody in from a chat', async () => {
    const at = await startGateway({
      builtin: false, config: ownedBy1001,
      script: inOrder([callTool('pairing.approve', { channel: 'telegram', code: 'AAAAAAAA' }), say('I tried.'), callTool('pair', { code: 'AAAAAAAA' }), say('Again.')]),
    })
    const [member, stranger] = [personAt(at, 21, { name: 'Member' }), personAt(at, 22, { name: 'Stranger' })]
    await member.hand('hi')
    await at.quiet()
    const { guard } = at.gateway.rooms
    await guard.approve('telegram' as never, (await guard.pending())[0]?.code ?? '', { via: 'cli', principal: 'owner' as never })
    await stranger.hand('let me in')
    await at.quiet()
    const code = (await guard.pending())[0]?.code ?? ''
    for (const text of [`/pair ${code}`, '/pair', `please let them in: ${code}`, `/pair approve ${code}`]) {
      const said = await member.chat(text)
      expect(said).not.toContain('may now write')
      if (text === '/pair') expect(said).not.toContain(code)
    }
    expect((await guard.paired()).map(({ sender }) => sender)).toEqual(['21'])
    expect((await guard.pending()).map((each) => each.code)).toEqual([code])
  })
})

describe('devices', () => {
  it('AUT-10: no token is made that is wider than the device, than who asks, or for a device that is gone', async () => {
    const door = await start({ ...behindProxy, methods: shelf })
    const { device } = await pairedDevice(door, ['operator.read', 'operator.pairing'])
    const { device: strong } = await pairedDevice(door, ['operator.admin'])
    const asker = await door.open()
    await asker.connect({ scopes: ['operator.pairing'] })
    const rotate = (deviceId: string, scopes?: string[], role = 'operator'): Promise<string> => asker.request('device.token.rotate', { deviceId, role, ...(scopes === undefined ? {} : { scopes }) }).then((frame) => (frame.ok === true ? 'made' : 'refused'))
    expect(await rotate(device.id, ['operator.admin'])).toBe('refused')
    expect(await rotate(device.id, ['operator.write'])).toBe('refused')
    expect(await rotate(device.id, ['operator.read'])).toBe('refused')
    expect(await rotate(strong.id)).toBe('refused')
    expect(await rotate(strong.id, undefined, 'node')).toBe('refused')
    expect(await rotate(device.id, ['operator.pairing'])).toBe('made')
    await door.rooms.devices.remove(device.id)
    expect(await rotate(device.id, ['operator.pairing'])).toBe('refused')
    const reader = await door.open()
    await reader.connect({ scopes: ['operator.read'] })
    expect((await reader.request('device.token.rotate', { deviceId: strong.id, role: 'operator' })).ok).toBe(false)
  })

  it('AUT-11: a known device with another key, or asking for more, less or nothing, never keeps or gains what it was not given', async () => {
    const door = await start(behindProxy)
    const { device, token } = await pairedDevice(door, ['operator.read', 'operator.write'])
    const thief = newDevice()
    const asOther = await door.open(far)
    const { nonce } = await asOther.challenge()
    const params = { scopes: ['operator.read'] }
    const forged = { ...signDevice(thief, connectParams(params), nonce), id: device.id }
    expect(reasonOf(await asOther.connect({ ...params, device: forged }))).toBe('DEVICE_ID_MISMATCH')

    const scopesOf = (frame: Frame): string[] | string => (frame.ok === true ? (frame.payload as { auth: { scopes: string[] } }).auth.scopes : reasonOf(frame))
    expect(scopesOf(await connectDevice(await door.open(far), device, { scopes: ['operator.admin'] }))).toBe('PAIRING_REQUIRED')
    expect(scopesOf(await connectDevice(await door.open(far), device, { scopes: ['operator.read', 'operator.approvals'] }))).toBe('PAIRING_REQUIRED')
    expect(scopesOf(await connectDevice(await door.open(far), device, { scopes: ['operator.read'] }))).toEqual(['operator.read'])
    expect(scopesOf(await connectDevice(await door.open(far), device, { scopes: [] }))).toEqual(['operator.read', 'operator.write'])
    expect(scopesOf(await connectDevice(await door.open(far), device, { scopes: ['operator.admin'], auth: { deviceToken: token } }))).toBe('AUTH_SCOPE_MISMATCH')
    // A new approval replaces the old one: what it does not name is gone, also for tokens of before.
    const asked = await connectDevice(await door.open(far), device, { scopes: ['operator.approvals'] })
    await door.rooms.devices.approve(String(asked.error?.details?.['requestId']), ['operator.admin'])
    expect(scopesOf(await connectDevice(await door.open(far), device, { scopes: ['operator.write'], auth: { deviceToken: token } }))).toBe('AUTH_SCOPE_MISMATCH')
    expect(scopesOf(await connectDevice(await door.open(far), device, { scopes: [] }))).toEqual(['operator.approvals'])
  })

  it('AUT-11 twin: approvals that add up would give more than a person ever agreed to', () => {
    const given = [['operator.read', 'operator.write'], ['operator.approvals']]
    const union = [...new Set(given.flat())]
    expect(coversAll(union, ['operator.write', 'operator.approvals'])).toBe(true)
    expect(coversAll(given.at(-1) ?? [], ['operator.write', 'operator.approvals'])).toBe(false)
  })

  /** A method that waits for the test and then writes, on the door's store or on one without the rule. */
  function slowWrite(write: (rooms: Parameters<Method['handle']>[1]) => Promise<unknown>): { method: Method; begun: Promise<void>; release(): void } {
    let begin = (): void => undefined
    let release = (): void => undefined
    const begun = new Promise<void>((resolve) => { begin = resolve })
    const released = new Promise<void>((resolve) => { release = resolve })
    const method = defineMethod({
      name: 'slow.write', scope: 'operator.write', summary: 'Waits, then writes.', params: Type.Object({}), result: anything,
      handle: async (_params, rooms) => {
        begin()
        await released
        return write(rooms)
      },
    })
    return { method, begun, release: () => release() }
  }

  it('AUT-12: revoking a device closes what is open and keeps what was running from being written', async () => {
    let ended: Promise<unknown> = Promise.resolve()
    const slow = slowWrite((rooms) => (ended = rooms.store.transaction((tx) => tx.run("INSERT INTO door_state (name, value) VALUES ('slow', 1)")).catch((error: { code: string }) => error.code)))
    const door = await start({ ...behindProxy, methods: [slow.method] })
    const { device, token } = await pairedDevice(door, ['operator.write'])
    const sockets = await Promise.all([0, 1, 2].map(() => door.open(far)))
    for (const socket of sockets) expect((await connectDevice(socket, device, { scopes: ['operator.write'], auth: { deviceToken: token } })).ok).toBe(true)
    sockets[0]?.send({ type: 'req', id: 'slow', method: 'slow.write', params: {} })
    await slow.begun
    await door.rooms.devices.revokeToken(device.id, 'operator')
    slow.release()
    for (const socket of sockets) expect(await socket.ended()).toMatchObject({ code: 1008 })
    expect(await ended).toBe('door-withdrawn')
    expect(await door.rooms.store.read.get("SELECT value FROM door_state WHERE name = 'slow'")).toBeUndefined()
    expect(reasonOf(await connectDevice(await door.open(far), device, { scopes: ['operator.write'], auth: { deviceToken: token } }))).toBe('AUTH_DEVICE_TOKEN_MISMATCH')
  })

  it('AUT-12 twin: on a store without the rule the write of a revoked device lands', async () => {
    const plain = await openStore({ file: ':memory:', migrations: [doorMigration, doorIdentityMigration] })
    let ended: Promise<unknown> = Promise.resolve()
    const slow = slowWrite(() => (ended = plain.transaction((tx) => tx.run("INSERT INTO door_state (name, value) VALUES ('slow', 1)"))))
    const door = await start({ ...behindProxy, methods: [slow.method] })
    const { device, token } = await pairedDevice(door, ['operator.write'])
    const socket = await door.open(far)
    await connectDevice(socket, device, { scopes: ['operator.write'], auth: { deviceToken: token } })
    socket.send({ type: 'req', id: 'slow', method: 'slow.write', params: {} })
    await slow.begun
    await door.rooms.devices.revokeToken(device.id, 'operator')
    slow.release()
    await socket.ended()
    await ended
    expect(await plain.read.get("SELECT value FROM door_state WHERE name = 'slow'")).toEqual({ value: 1 })
    await plain.close()
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
    const door = await start({ ...behindProxy, methods: shelf })
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
    const door = await start({ ...behindProxy, methods: shelf })
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
    return start({ rooms, token: '' })
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

describe('identity by a proxy', () => {
  async function proxied(more: Record<string, unknown> = {}): Promise<{ door: RunningDoor; port: number }> {
    const port = await freePort()
    const door = await start({ methods: shelf, config: { trustedProxies: ['127.0.0.1'], auth: { trustedProxy: { port, allowUsers: ['ann@example.org'], ...more } } } })
    return { door, port }
  }
  const through = { 'x-forwarded-for': '10.0.0.9' }
  const open = (port: number, headers: Record<string, string | string[]>, path = '/') => askAt(port, path, { headers: { ...through, ...headers } })

  it('AUT-18: a proxy names one person plainly, or nobody comes in; and only on its own listener', async () => {
    const { door, port } = await proxied()
    const good = await open(port, { 'x-forwarded-user': 'ann@example.org' })
    expect([good.status, good.headers['location']]).toEqual([303, '/'])
    const cookie = cookiesOf(good)
    expect((await open(port, { 'x-forwarded-user': 'ann@example.org', cookie }, '/ui-config.json')).status).toBe(200)
    const bad: Record<string, string | string[]>[] = [
      {}, { 'x-forwarded-user': '' }, { 'x-forwarded-user': 'eve@example.org' }, { 'x-forwarded-user': 'ANN@example.org' }, { 'x-forwarded-user': ['ann@example.org', 'eve@example.org'] }, { 'x-forwarded-user': ['ann@example.org', 'ann@example.org'] },
      { 'x-forwarded-user': 'ann@example.org,eve@example.org' }, { 'x-forwarded-user': 'ann%40example.org' }, { 'x-forwarded-user': 'ann@example.org eve' }, { 'x-forwarded-email': 'ann@example.org' }, { 'x-forwarded-user': '*' },
    ]
    for (const headers of bad) {
      const answer = await open(port, headers)
      expect([JSON.stringify(headers), answer.status, answer.headers['set-cookie']]).toEqual([JSON.stringify(headers), 403, undefined])
    }
    // The cookie counts only with its person's name beside it, and on no other listener.
    expect((await open(port, { cookie }, '/ui-config.json')).status).toBe(403)
    expect((await askAt(door.port, '/ui-config.json', { headers: { cookie } })).status).toBe(401)
    expect((await askAt(door.port, '/', { headers: { ...through, 'x-forwarded-user': 'ann@example.org' } })).headers['location']).toBe('/login')
    // Nor does the listener take what others do.
    expect((await open(port, { 'x-forwarded-user': 'ann@example.org', authorization: `Bearer ${testToken}` }, '/v1/models')).status).toBe(404)
    expect((await open(port, { 'x-forwarded-user': 'ann@example.org' }, '/login')).status).toBe(404)

    const stranger = await start({ config: { auth: { trustedProxy: { port: await freePort(), allowUsers: ['ann@example.org'] } } } })
    const strangersPort = (stranger.rooms.state.config as { gateway: { auth: { trustedProxy: { port: number } } } }).gateway.auth.trustedProxy.port
    expect((await open(strangersPort, { 'x-forwarded-user': 'ann@example.org' })).status).toBe(403)
  })

  it('AUT-18: where the proxy signs, its signature alone names somebody; a plain header beside it does not', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'moltbot-signed-'))
    try {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const jwksFile = join(folder, 'keys.json')
      writeFileSync(jwksFile, JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'ES256' }] }))
      const { door, port } = await proxied({ assertion: { header: 'cf-access-jwt-assertion', issuer: 'https://team.example', audience: ['app'], jwksFile } })
      const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
      const word = (email: string, more: object = {}): string => {
        const now = Math.floor(door.rooms.clock.now() / 1000)
        const signed = `${encode({ alg: 'ES256', kid: 'k' })}.${encode({ iss: 'https://team.example', aud: ['app'], iat: now, exp: now + 60, email, ...more })}`
        return `${signed}.${sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
      }
      const header = 'cf-access-jwt-assertion'
      const good = await open(port, { [header]: word('ann@example.org') })
      expect([good.status, good.headers['location']]).toEqual([303, '/'])
      const cookie = cookiesOf(good)
      expect((await open(port, { [header]: word('ann@example.org'), cookie }, '/ui-config.json')).status).toBe(200)
      const bad: Record<string, string | string[]>[] = [
        { 'x-forwarded-user': 'ann@example.org' }, { [header]: 'ann@example.org' }, { [header]: 'ann@example.org', 'x-forwarded-user': 'ann@example.org' }, { [header]: word('eve@example.org') }, { [header]: word('eve@example.org'), 'x-forwarded-user': 'ann@example.org' },
        { [header]: [word('ann@example.org'), word('ann@example.org')] }, { [header]: word('ann@example.org', { aud: ['other'] }) }, { [header]: word('ann@example.org', { exp: 1 }) }, { [header]: `${encode({ alg: 'none' })}.${encode({ email: 'ann@example.org' })}.` }, { authorization: `Bearer ${word('ann@example.org')}` },
      ]
      for (const headers of bad) expect([JSON.stringify(headers).slice(0, 80), (await open(port, headers)).status]).toEqual([JSON.stringify(headers).slice(0, 80), 403])
      // The cookie alone is nobody, and nor is it another's.
      expect((await open(port, { cookie }, '/ui-config.json')).status).toBe(403)
      expect((await open(port, { cookie, [header]: word('eve@example.org') }, '/ui-config.json')).status).toBe(403)
      await expect(proxied({ assertion: { header } })).rejects.toMatchObject({ code: 'door-assertion-incomplete' })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('AUT-18 twin: a reader that takes the first of several names takes the attacker\'s', () => {
    const careless = (value: string): string => value.split(',')[0]?.trim() ?? ''
    expect(careless('ann@example.org, eve@example.org')).toBe('ann@example.org')
  })

  it('AUT-19: a tailnet name opens nothing on an ordinary port, and on its own only when Tailscale says the same', async () => {
    const headers = { 'tailscale-user-login': 'ann@example.org', 'tailscale-user-name': 'Ann' }
    const plain = await start({ config: { auth: { allowTailscale: true } } })
    const answer = await askAt(plain.port, '/', { headers })
    expect([answer.status, answer.headers['location'], answer.headers['set-cookie']]).toEqual([303, '/login', undefined])
    expect((await askAt(plain.port, '/v1/models', { headers })).status).toBe(401)
    const socket = await plain.open({ headers })
    expect((await socket.connect({ auth: undefined })).ok).toBe(false)

    const port = await freePort()
    const asked: string[] = []
    await start({ whois: async (address) => { asked.push(address); return address === '100.64.0.7' ? 'ann@example.org' : 'eve@example.org' }, config: { auth: { allowTailscale: true, tailscale: { port, allowUsers: ['ann@example.org'] } } } })
    const from = (address: string, more: Record<string, string> = {}) => askAt(port, '/', { headers: { ...headers, 'x-forwarded-for': address, ...more } })
    expect((await from('100.64.0.7')).status).toBe(303)
    expect((await from('100.64.0.8')).status).toBe(403)
    expect((await from('100.64.0.8', { 'tailscale-user-login': 'eve@example.org' })).status).toBe(403)
    expect((await from('100.64.0.7, 100.64.0.7')).status).toBe(403)
    expect(asked).toEqual(['100.64.0.7', '100.64.0.8', '100.64.0.8'])
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
