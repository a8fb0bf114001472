import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { lastHeartbeat } from './last-heartbeat.ts'

it('is null', async () => {
  expect(await callMethod(lastHeartbeat, {}, await fakeRooms())).toBeNull()
})
