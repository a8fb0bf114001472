import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { fakeSchedule } from '../testing/fake-schedule.ts'
import { jobRooms } from '../testing/job-rooms.ts'
import { cronAdd } from './cron-add.ts'
import { cronRun } from './cron-run.ts'

it('does a job at once in the name of who asks, and otherwise only what is due', async () => {
  const rooms = await fakeRooms()
  const schedule = fakeSchedule(Math.round(rooms.clock.now()))
  rooms.schedule = schedule
  expect(await callMethod(cronRun, { id: 'house:sweep' }, rooms)).toEqual({ ok: true, ran: false, reason: 'not-due' })
  expect(await callMethod(cronRun, { id: 'house:locks', mode: 'if-enabled' }, rooms)).toEqual({ ok: true, ran: false, reason: 'disabled' })
  expect(schedule.runsMade).toHaveLength(1)
  expect(await callMethod(cronRun, { jobId: 'house:sweep', mode: 'force' }, rooms)).toMatchObject({ ok: true, ran: true, run: { status: 'ok', summary: 'Swept.', askedBy: 'owner' } })
  schedule.busy = true
  expect(await callMethod(cronRun, { id: 'house:sweep', mode: 'force' }, rooms)).toEqual({ ok: true, ran: false, reason: 'already-running' })
})

it('knows no job but those of the house', async () => {
  const rooms = await fakeRooms()
  rooms.schedule = fakeSchedule(0)
  for (const id of ['house:nothing', 'house:toString']) await expect(callMethod(cronRun, { id, mode: 'force' }, rooms)).rejects.toMatchObject({ code: 'job-unknown' })
  await expect(callMethod(cronRun, { id: 'sweep', mode: 'force' }, rooms)).rejects.toMatchObject({ code: 'jobs-absent' })
  await expect(callMethod(cronRun, {}, rooms)).rejects.toMatchObject({ code: 'job-unnamed' })
})

it('begins a job of a person, once at a time, and tells it apart from one that is not due', async () => {
  const rooms = await jobRooms()
  const { id } = await callMethod(cronAdd, { schedule: { kind: 'at', at: '1h' }, payload: { message: 'Water the plants.' } }, rooms)
  expect(await callMethod(cronRun, { id }, rooms)).toEqual({ ok: true, ran: false, reason: 'not-due' })
  expect(await callMethod(cronRun, { id, mode: 'force' }, rooms)).toEqual({ ok: true, ran: true })
  expect(rooms.received).toEqual([expect.objectContaining({ text: expect.stringContaining('Water the plants.') as string, sender: { id: 'olga-77' }, job: { id, dueAt: expect.any(Number) as number } })])
  expect(await callMethod(cronRun, { id, mode: 'force' }, rooms)).toEqual({ ok: true, ran: false, reason: 'already-running' })
  await expect(callMethod(cronRun, { id: 'job-nothing', mode: 'force' }, rooms)).rejects.toMatchObject({ code: 'job-unknown' })
})
