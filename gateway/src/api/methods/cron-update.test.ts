import { expect, it } from 'vitest'
import { callMethod, fakeCaller } from '../testing/call-method.ts'
import { jobRooms } from '../testing/job-rooms.ts'
import { cronAdd } from './cron-add.ts'
import { cronUpdate } from './cron-update.ts'

it('changes what the patch names, and nothing of anybody else’s', async () => {
  const rooms = await jobRooms()
  const { id } = await callMethod(cronAdd, { name: 'News', schedule: { kind: 'every', every: '2h' }, payload: { message: 'What is new?' } }, rooms)
  expect(await callMethod(cronUpdate, { jobId: id, patch: { enabled: false } }, rooms)).toMatchObject({ enabled: false, name: 'News', state: {}, payload: { message: 'What is new?' } })
  expect(await callMethod(cronUpdate, { id, patch: { enabled: true, schedule: { kind: 'cron', expr: '0 8 * * 1-5', tz: 'Europe/Berlin' }, payload: { message: 'Weather?' } } }, rooms))
    .toMatchObject({ enabled: true, schedule: { kind: 'cron', expr: '0 8 * * 1-5', tz: 'Europe/Berlin' }, payload: { message: 'Weather?' }, state: { nextRunAtMs: expect.any(Number) as number } })
  const admin = rooms.jobs
  await expect(admin?.update(id, { enabled: false }, { principal: 'mia' as never, all: false })).rejects.toMatchObject({ code: 'job-unknown' })
  expect(await callMethod(cronUpdate, { id, patch: { name: 'Mine' } }, rooms, fakeCaller({ principal: { id: 'anna' as never, role: 'admin' } }))).toMatchObject({ name: 'Mine', own: { principal: 'owner' } })
  await expect(callMethod(cronUpdate, { patch: {} }, rooms)).rejects.toMatchObject({ code: 'job-unnamed' })
})
