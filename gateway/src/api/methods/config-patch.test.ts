import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { redacted } from '../wire/redaction.ts'
import { configPatch } from './config-patch.ts'

it('merges JSON5: null removes, the mark keeps the stored secret', async () => {
  const rooms = await fakeRooms({ config: { gateway: { auth: { token: 'stored' }, port: 1 }, old: true, list: ['secret', 'b'] } })
  await callMethod(configPatch, { raw: `{ gateway: { auth: { token: '${redacted}' }, port: 2 }, old: null, list: ['${redacted}', 'c'], }`, baseHash: 'hash-0', note: 'x' }, rooms)
  expect(rooms.state.config).toEqual({ gateway: { auth: { token: 'stored' }, port: 2 }, list: ['secret', 'c'] })
})

it('a mark where nothing is stored in a list is refused, not written', async () => {
  const rooms = await fakeRooms({ config: { list: [] } })
  await expect(callMethod(configPatch, { raw: `{ list: ['${redacted}'] }`, baseHash: 'hash-0' }, rooms)).rejects.toMatchObject({ code: 'config-invalid', details: { issues: [{ path: 'list[0]' }] } })
  expect(rooms.state.config).toEqual({ list: [] })
})

it.each(['nonsense {', '[]', '"x"', 'null'])('refuses %s', async (raw) => {
  await expect(callMethod(configPatch, { raw, baseHash: 'hash-0' }, await fakeRooms())).rejects.toThrow('invalid config')
})

it('a key named __proto__ stays a key', async () => {
  const rooms = await fakeRooms()
  let changes: Record<string, unknown> = {}
  rooms.config.patch = async (given) => {
    changes = given
    return rooms.config.snapshot()
  }
  await callMethod(configPatch, { raw: '{ "__proto__": { "polluted": true } }', baseHash: 'hash-0' }, rooms)
  expect(Object.keys(changes)).toEqual(['__proto__'])
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  expect((changes as { polluted?: unknown }).polluted).toBeUndefined()
})
