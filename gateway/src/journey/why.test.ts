import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PrincipalId } from '@moltbot/contract'
import { RouteWorld } from './testing/route-world.ts'

let world: RouteWorld

beforeEach(async () => { world = await RouteWorld.open() })
afterEach(() => world.close())

describe('why', () => {
  it('tells the whole way of a message, by its own id, the network\'s, the turn\'s or the delivery\'s', async () => {
    await world.hear('hello', { id: 'net-1' })
    const row = await world.store.read.get<{ id: string; turn_id: string }>('SELECT id, turn_id FROM inbox')
    const delivery = await world.store.read.get<{ id: string }>('SELECT id FROM deliveries')
    const told = await world.why(row?.id ?? '')
    expect(told?.lines.join('\n')).toMatch(/accepted from 1 on fake, direct 1: "hello"[\s\S]*speaks as owner, in agent:main:main[\s\S]*turn ended: answered[\s\S]*sent as m1\nend: answered/)
    for (const id of ['net-1', row?.turn_id ?? '', delivery?.id ?? '']) expect((await world.why(id))?.lines).toEqual(told?.lines)
  })
  it('tells why someone was not answered, of deliveries without a message, and of nothing', async () => {
    world.access = { dmPolicy: 'allowlist' }
    await world.hear('hello', { id: 'net-2', sender: '9' })
    expect((await world.why('net-2'))?.lines.join('\n')).toMatch(/judged: deny \(not in allowFrom[\s\S]*end: denied/)
    const sentOut = await world.outbox.send({ chat: world.message('').chat, markdown: 'by hand', principal: 'owner' as PrincipalId })
    expect((await world.why(sentOut.id))?.lines[1]).toContain('sent as m1')
    expect(await world.why('nothing-like-it')).toBeUndefined()
    await expect(world.why('x')).rejects.toMatchObject({ code: 'id-too-short' })
  })
  it('says how many others a word could mean', async () => {
    await world.hear('one', { id: 'same', chat: 'a' })
    await world.hear('two', { id: 'same', chat: 'b' })
    expect((await world.why('same'))?.lines.at(-1)).toContain('1 more message matches')
  })
})
