import { expect, it } from 'vitest'
import { callMethod, fakeCaller } from '../testing/call-method.ts'
import { jobRooms } from '../testing/job-rooms.ts'
import { cronAdd } from './cron-add.ts'
import { cronGet } from './cron-get.ts'

it('tells one job to whose it is, and to nobody else', async () => {
  const rooms = await jobRooms()
  const { id } = await callMethod(cronAdd, { schedule: { kind: 'at', at: '1h' }, payload: { message: 'x' } }, rooms)
  expect(await callMethod(cronGet, { id }, rooms)).toMatchObject({ id, payload: { message: 'x' } })
  await expect(callMethod(cronGet, { id }, rooms, fakeCaller({ principal: { id: 'mia' as never, role: 'member' } }))).rejects.toMatchObject({ code: 'job-unknown' })
})
