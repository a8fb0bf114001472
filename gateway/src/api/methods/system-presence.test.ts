import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { systemPresence } from './system-presence.ts'

it('is a bare list that always begins with the gateway', async () => {
  const rooms = await fakeRooms()
  rooms.presence.connected('c1', 'device-1', { host: 'phone', mode: 'webchat', reason: 'connect' })
  const list = await callMethod(systemPresence, {}, rooms)
  expect(list.map((entry) => entry.mode)).toEqual(['gateway', 'webchat'])
})
