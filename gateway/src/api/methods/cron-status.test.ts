import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { fakeSchedule } from '../testing/fake-schedule.ts'
import { cronStatus } from './cron-status.ts'

it('tells how many jobs there are and when the next is due, or that nothing runs', async () => {
  const rooms = await fakeRooms()
  expect(await callMethod(cronStatus, { agentId: 'main' }, rooms)).toEqual({ enabled: false, ownEnabled: false, storePath: '', jobs: 0, nextWakeAtMs: null })
  rooms.schedule = fakeSchedule(5_000)
  expect(await callMethod(cronStatus, {}, rooms)).toEqual({ enabled: true, ownEnabled: false, storePath: '', jobs: 2, nextWakeAtMs: 5_100 })
})
