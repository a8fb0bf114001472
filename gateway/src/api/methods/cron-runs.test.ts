import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { fakeSchedule } from '../testing/fake-schedule.ts'
import { cronRuns } from './cron-runs.ts'

it('tells what came of the runs of one job or of all, oldest first', async () => {
  const rooms = await fakeRooms()
  const schedule = fakeSchedule(5_000)
  rooms.schedule = schedule
  await schedule.run('sweep', 'olga' as never)
  const { entries } = await callMethod(cronRuns, { jobId: 'house:sweep', scope: 'job' }, rooms)
  expect(entries).toEqual([
    { ts: 4_200, jobId: 'house:sweep', action: 'finished', status: 'error', error: 'The broom is gone.', runAtMs: 4_100, durationMs: 100, askedBy: null },
    { ts: 5_005, jobId: 'house:sweep', action: 'finished', status: 'ok', summary: 'Swept.', runAtMs: 5_000, durationMs: 5, askedBy: 'olga' },
  ])
  expect((await callMethod(cronRuns, { scope: 'all', limit: 1 }, rooms)).entries).toHaveLength(1)
  await expect(callMethod(cronRuns, { id: 'daily-news' }, rooms)).rejects.toMatchObject({ code: 'jobs-absent' })
  await expect(callMethod(cronRuns, {}, await fakeRooms())).rejects.toMatchObject({ code: 'schedule-absent' })
})
