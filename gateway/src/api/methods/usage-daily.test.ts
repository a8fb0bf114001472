import { expect, it } from 'vitest'
import { callMethod, fakeCaller } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { usageDaily } from './usage-daily.ts'

it('tells the owner what it cost day by day, and nobody else', async () => {
  const asked: unknown[] = []
  const rows = [{ date: '2026-11-22', name: null, calls: 1, input: 1, output: 1, cacheRead: 0, cacheWrite: 0, costUsd: 0.5, unpriced: 0 }]
  const rooms = Object.assign(await fakeRooms(), { budget: { today: () => '2026-11-22', daily: async (...given: unknown[]) => { asked.push(given); return { names: ['p/m'], rows } } } as never })
  expect(await callMethod(usageDaily, { days: 7, by: 'channel' }, rooms)).toEqual({ today: '2026-11-22', days: 7, by: 'channel', names: ['p/m'], rows })
  expect(await callMethod(usageDaily, {}, rooms)).toMatchObject({ days: 30, by: 'model' })
  expect(asked).toEqual([['channel', 7, 6], ['model', 30, 6]])
  await expect(callMethod(usageDaily, {}, rooms, fakeCaller({ principal: { id: 'kid' as never, role: 'member' } }))).rejects.toMatchObject({ code: 'usage-owner' })
})
