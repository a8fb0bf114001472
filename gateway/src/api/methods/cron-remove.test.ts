import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { jobRooms } from '../testing/job-rooms.ts'
import { cronAdd } from './cron-add.ts'
import { cronRemove } from './cron-remove.ts'

it('removes a job once', async () => {
  const rooms = await jobRooms()
  const { id } = await callMethod(cronAdd, { schedule: { kind: 'at', at: '1h' }, payload: { message: 'x' } }, rooms)
  expect(await rooms.jobs?.remove(id, { principal: 'mia' as never, all: false })).toBe(false)
  expect(await callMethod(cronRemove, { id }, rooms)).toEqual({ ok: true, removed: true })
  expect(await callMethod(cronRemove, { jobId: id }, rooms)).toEqual({ ok: true, removed: false })
})
