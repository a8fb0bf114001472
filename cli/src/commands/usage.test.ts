import { expect, it } from 'vitest'
import { startFakeGateway, type FakeCall } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('shows what was spent by kind and what is left', async () => {
  const row = { name: 'test/m', calls: 1_200, input: 1_000, output: 50, cacheRead: 30, cacheWrite: 500, costUsd: 1.5, unpriced: 2 }
  const cap = { scope: 'person', id: 'kid', period: 'day', path: 'budgets.byPrincipal.kid.daily', capUsd: 2, spentUsd: 1.5, reservedUsd: 0, leftUsd: 0.5, resetsAt: Date.UTC(2026, 10, 23) }
  const asked: unknown[] = []
  const gateway = await startFakeGateway({ token: 'T', methods: { 'usage.spend': ({ params }: FakeCall) => { asked.push(params); return { today: '2026-11-22', days: 1, by: 'model', rows: [row], caps: [cap] } } } })
  const { out } = await runCommand(['usage'], { gateway })
  expect(out).toContain('Today (2026-11-22): $1.50, 1,200 model calls.')
  expect(out).toMatch(/test\/m +\$1\.50 at most +1,200 +1,500 +30 +50/)
  expect(out).toMatch(/daily person kid +\$0\.50 +\$2\.00 +\d+ Nov .* +budgets\.byPrincipal\.kid\.daily/)
  await runCommand(['usage', '--days', '30', '--by', 'person'], { gateway })
  expect(asked).toEqual([{ days: 1, by: 'model' }, { days: 30, by: 'person' }])
  gateway.methods['usage.spend'] = { today: '2026-11-22', rows: [{ ...row, calls: 1 }], caps: [] }
  expect((await runCommand(['usage'], { gateway })).out).toContain('$1.50, 1 model call.\n')
  gateway.methods['usage.spend'] = { today: '2026-11-22', rows: [], caps: [] }
  expect((await runCommand(['usage'], { gateway })).out).toBe('Today (2026-11-22): $0.00, 0 model calls.\n\nThere is no daily and no monthly cap.\n')
  await gateway.close()
})
