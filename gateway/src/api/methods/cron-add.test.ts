import { expect, it } from 'vitest'
import { callMethod, fakeCaller } from '../testing/call-method.ts'
import { jobRooms } from '../testing/job-rooms.ts'
import { cronAdd } from './cron-add.ts'
import { cronList } from './cron-list.ts'

it('takes a job as clients of either protocol send it, and tells it in both', async () => {
  const rooms = await jobRooms()
  const now = Math.trunc(rooms.clock.now())
  const v3 = await callMethod(cronAdd, { job: { name: 'News', schedule: { kind: 'every', everyMs: 3_600_000 }, sessionTarget: 'isolated', wakeMode: 'now', payload: { kind: 'agentTurn', message: 'What is new?', deliver: true, channel: 'post', to: '77', model: 'fast', timeoutSeconds: 60 } } } as never, rooms)
  expect(v3).toMatchObject({
    name: 'News', enabled: true, deleteAfterRun: false, schedule: { kind: 'every', everyMs: 3_600_000 }, payload: { kind: 'agentTurn', message: 'What is new?', model: 'test/fast', timeoutSeconds: 60, deliver: true, channel: 'post', to: '77' },
    delivery: { mode: 'announce', channel: 'post', to: '77', accountId: 'default' }, own: { principal: 'owner', when: 'every 1 h', place: 'Olga', origin: null },
  })
  const v4 = await callMethod(cronAdd, { schedule: { kind: 'at', at: new Date(now + 60_000).toISOString() }, payload: { text: 'Tell me.' }, sessionTarget: 'main', delivery: { mode: 'none' } }, rooms)
  expect(v4).toMatchObject({ name: 'Tell me.', deleteAfterRun: true, schedule: { kind: 'at', atMs: now + 60_000 }, sessionTarget: 'main', payload: { kind: 'systemEvent', text: 'Tell me.' }, delivery: { mode: 'none' }, state: { nextRunAtMs: now + 60_000 } })
  const member = fakeCaller({ principal: { id: 'mia' as never, role: 'member' } })
  expect((await callMethod(cronList, {}, rooms)).jobs.map(({ name }) => name)).toEqual(['Tell me.', 'News'])
  expect((await callMethod(cronList, {}, rooms, member)).jobs).toEqual([])
})

it.each([
  [{ payload: { message: 'x' } }, 'job-times'],
  [{ schedule: { kind: 'every', everyMs: 1_000 }, payload: { message: 'x' } }, 'job-times'],
  [{ schedule: { kind: 'on-exit' }, payload: { message: 'x' } }, 'job-times'],
  [{ schedule: { kind: 'cron', expr: '0 8 * * *', tz: 'Mars/Base' }, payload: { message: 'x' } }, 'job-zone'],
  [{ schedule: { kind: 'at', at: '1h' } }, 'job-text'],
  [{ schedule: { kind: 'at', at: '1h' }, payload: { kind: 'command', message: 'x' } }, 'job-target'],
  [{ schedule: { kind: 'at', at: '1h' }, payload: { message: 'x' }, sessionTarget: 'session:other' }, 'job-target'],
  [{ schedule: { kind: 'at', at: '1h' }, payload: { message: 'x' }, delivery: { mode: 'webhook' } }, 'job-delivery'],
  [{ schedule: { kind: 'at', at: '1h' }, payload: { message: 'x' }, delivery: { mode: 'announce', channel: 'nowhere', to: '1' } }, 'recipient-unknown'],
  [{ schedule: { kind: 'at', at: '1h' }, payload: { message: 'x', model: 'none' } }, 'job-model'],
])('refuses in words: %j', async (given, code) => {
  await expect(callMethod(cronAdd, given as never, await jobRooms())).rejects.toMatchObject({ code })
})
