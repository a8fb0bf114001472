import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { usageCost } from './usage-cost.ts'

it('adds up tokens and claims no prices', async () => {
  const rooms = await fakeRooms()
  rooms.session('agent:main:main', { usage: { input: 10, output: 5, cacheRead: 3, cacheWrite: 2 } })
  rooms.session('agent:main:unused')
  expect(await callMethod(usageCost, { days: 7 }, rooms)).toEqual({
    updatedAt: expect.any(Number), days: 7, daily: [], totals: { input: 10, output: 5, cacheRead: 3, cacheWrite: 2, totalTokens: 20, totalCost: 0, missingCostEntries: 1 },
  })
})
