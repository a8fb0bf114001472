import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { fakeSchedule } from '../testing/fake-schedule.ts'
import { cronList } from './cron-list.ts'

it('tells what the gateway does by itself in the shape of a job, and what is off only when asked', async () => {
  const rooms = await fakeRooms()
  const now = Math.round(rooms.clock.now())
  rooms.schedule = fakeSchedule(now)
  const { jobs, total } = await callMethod(cronList, { limit: 200, agentId: 'main' }, rooms)
  expect(total).toBe(1)
  expect(jobs).toEqual([expect.objectContaining({
    id: 'house:sweep', name: 'Sweeping', enabled: true, schedule: { kind: 'every', everyMs: 1_000 }, sessionTarget: 'main', payload: { kind: 'systemEvent', text: 'Sweeps the yard.' },
    state: { nextRunAtMs: now + 100, lastRunAtMs: now - 900, lastStatus: 'error', lastError: 'The broom is gone.', lastDurationMs: 100 },
    house: { setting: 'yard.every', byHand: true, lastWords: 'The broom is gone.', lastAskedBy: null },
  })])
  expect((await callMethod(cronList, { includeDisabled: true }, rooms)).jobs.map(({ id, state }) => [id, state])).toContainEqual(['house:locks', {}])
})

it('answers truthfully where there is nothing', async () => {
  expect(await callMethod(cronList, {}, await fakeRooms())).toEqual({ jobs: [], total: 0, hasMore: false })
})
