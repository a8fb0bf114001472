import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { realClock, runCommand } from '../testing/run-command.ts'

it('lists what was done, who asked, and what came of it', async () => {
  const entries = [
    { ts: 0, jobId: 'house:backup', status: 'error', error: 'No disk.', runAtMs: 1_000, durationMs: 20, askedBy: null },
    { ts: 0, jobId: 'house:review', status: 'ok', summary: 'All is well.', runAtMs: 61_000, durationMs: 2_000, askedBy: 'olga' },
  ]
  const gateway = await startFakeGateway({ token: 'T', methods: { 'cron.runs': { entries } } })
  const { out } = await runCommand(['cron', 'runs', '--id', 'house:backup', '--limit', '2'], { gateway, columns: 140, clock: { ...realClock, now: () => 121_000 } })
  expect(out).toMatch(/2 min ago +house:backup +20 ms +itself +failed: No disk\./)
  expect(out).toMatch(/1 min ago +house:review +2 s +olga +All is well\./)
  expect(gateway.calls.at(-1)).toMatchObject({ method: 'cron.runs', params: { id: 'house:backup', limit: 2 } })
  await gateway.close()
})
