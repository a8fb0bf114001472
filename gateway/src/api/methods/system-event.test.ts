import { expect, it } from 'vitest'
import { callMethod, fakeCaller } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { systemEvent } from './system-event.ts'

it('keeps what a client says of itself under its device, and nothing it should not', async () => {
  const rooms = await fakeRooms()
  expect(await callMethod(systemEvent, { text: ' Node: mac ', deviceId: 'd1', host: 'mac', lastInputSeconds: 3.6, evil: 'x' }, rooms)).toEqual({ ok: true })
  expect(rooms.presence.list()[1]).toEqual({ deviceId: 'd1', host: 'mac', lastInputSeconds: 4, text: 'Node: mac', ts: expect.any(Number) })
})

it('falls back to the connection when the client names no device', async () => {
  const rooms = await fakeRooms()
  const caller = fakeCaller({ device: 'dev-7' })
  await callMethod(systemEvent, { text: 'here' }, rooms, caller)
  await callMethod(systemEvent, { text: 'still here' }, rooms, caller)
  expect(rooms.presence.list()).toHaveLength(2)
})

it('wants words', async () => {
  await expect(callMethod(systemEvent, { text: '  ' }, await fakeRooms())).rejects.toThrow('text required')
})
