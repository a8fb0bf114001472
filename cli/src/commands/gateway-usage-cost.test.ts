import { expect, it } from 'vitest'
import { startFakeGateway, type FakeCall } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('shows each day on which something was used, and the sum', async () => {
  const none = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, totalTokens: 0, totalCost: 0, missingCostEntries: 0 }
  const day = { ...none, input: 1_000, output: 20, cacheRead: 5, cacheWrite: 200, totalTokens: 1_225, totalCost: 0.25 }
  const asked: unknown[] = []
  const gateway = await startFakeGateway({ token: 'T', methods: { 'usage.cost': ({ params }: FakeCall) => { asked.push(params); return { updatedAt: 1, days: 2, daily: [{ date: '2026-11-21', ...none }, { date: '2026-11-22', ...day }], totals: { ...day, missingCostEntries: 1 } } } } })
  const { out } = await runCommand(['gateway', 'usage-cost', '--days', '2'], { gateway })
  expect(out).toMatch(/2026-11-22 +\$0\.2500 +1,200 +5 +20\nAll +\$0\.2500 at most +1,200 +5 +20/)
  expect(out).not.toContain('2026-11-21')
  expect(asked).toEqual([{ days: 2 }])
  gateway.methods['usage.cost'] = { daily: [], totals: none }
  expect((await runCommand(['gateway', 'usage-cost'], { gateway })).out).toBe('Nothing was used in these days.\n')
  await gateway.close()
})
