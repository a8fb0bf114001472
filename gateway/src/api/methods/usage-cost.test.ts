import { expect, it } from 'vitest'
import { callMethod, fakeCaller } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { usageCost } from './usage-cost.ts'

const day = { date: '2026-11-22', calls: 2, input: 10, output: 5, cacheRead: 3, cacheWrite: 2, costUsd: 0.25, unpriced: 1 }

it('adds up the days in the shape clients of the family read', async () => {
  const asked: unknown[] = []
  const rooms = Object.assign(await fakeRooms(), { budget: { days: async (...given: unknown[]) => { asked.push(given); return [day, { ...day, date: '2026-11-23' }] } } as never })
  const one = { input: 10, output: 5, cacheRead: 3, cacheWrite: 2, totalTokens: 20, totalCost: 0.25, missingCostEntries: 1 }
  expect(await callMethod(usageCost, { days: 2 }, rooms)).toEqual({
    updatedAt: expect.any(Number), days: 2, daily: [{ date: '2026-11-22', ...one }, { date: '2026-11-23', ...one }],
    totals: { input: 20, output: 10, cacheRead: 6, cacheWrite: 4, totalTokens: 40, totalCost: 0.5, missingCostEntries: 2 },
  })
  await callMethod(usageCost, {}, rooms, fakeCaller({ principal: { id: 'kid' as never, role: 'member' } }))
  expect(asked).toEqual([[2, undefined], [30, 'kid']])
})
