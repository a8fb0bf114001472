import { expect, it } from 'vitest'
import { callMethod, fakeCaller } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { usageSpend } from './usage-spend.ts'

it('tells the owner who spent what and what is left, and nobody else', async () => {
  const asked: unknown[] = []
  const rows = [{ name: 'p/m', calls: 1, input: 1, output: 1, cacheRead: 0, cacheWrite: 0, costUsd: 0.5, unpriced: 0 }]
  const caps = [{ scope: 'gateway', id: '', period: 'day', path: 'budgets.daily', capUsd: 5, spentUsd: 0.5, reservedUsd: 0, leftUsd: 4.5, resetsAt: 1 }]
  const rooms = Object.assign(await fakeRooms(), { budget: { today: () => '2026-11-22', by: async (...given: unknown[]) => { asked.push(given); return rows }, caps: () => caps } as never })
  expect(await callMethod(usageSpend, { days: 3, by: 'person' }, rooms)).toEqual({ today: '2026-11-22', days: 3, by: 'person', rows, caps })
  expect(await callMethod(usageSpend, {}, rooms)).toMatchObject({ days: 1, by: 'model' })
  expect(asked).toEqual([['person', 3], ['model', 1]])
  await expect(callMethod(usageSpend, {}, rooms, fakeCaller({ principal: { id: 'kid' as never, role: 'member' } }))).rejects.toMatchObject({ code: 'usage-owner' })
})
