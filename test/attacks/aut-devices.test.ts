import { afterEach, describe, expect, it } from 'vitest'
import { Type } from 'typebox'
import { defineMethod, type Method } from '../../gateway/src/api/method.ts'
import { methods as shelf } from '../../gateway/src/api/methods/index.gen.ts'
import { doorIdentityMigration, doorMigration } from '../../gateway/src/api/migrations.ts'
import { coversAll } from '../../gateway/src/api/scopes.ts'
import { connectParams, newDevice, signDevice, type Frame } from '../../gateway/src/api/testing/test-client.ts'
import { openStore } from '../../gateway/src/foundation/storage/index.ts'
import { callTool, inOrder, say } from '../fakes/model-servers/index.ts'
import { adjustableClock, ownedBy1001, personAt } from '../support/person.ts'
import { closeDoors, startDoor, startGateway, reasonOf, connectDevice, anything, behindProxy, far, pairedDevice } from '../support/doors.ts'

afterEach(closeDoors)

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
    const door = await startDoor({ ...behindProxy, methods: shelf })
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
    const door = await startDoor(behindProxy)
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
    const door = await startDoor({ ...behindProxy, methods: [slow.method] })
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
    const door = await startDoor({ ...behindProxy, methods: [slow.method] })
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
