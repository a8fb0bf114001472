import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { realClock, runCommand } from '../testing/run-command.ts'

it.each([
  [{ enabled: true, jobs: 4, nextWakeAtMs: 5_000_000 }, '4 jobs. The next is due in 1 h.'],
  [{ enabled: true, jobs: 1, nextWakeAtMs: null }, '1 jobs. None is due.'],
  [{ enabled: false, jobs: 0, nextWakeAtMs: null }, 'Nothing is done at set times.'],
])('says when the next is due: %j', async (status, words) => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'cron.status': status } })
  expect((await runCommand(['cron', 'status'], { gateway, clock: { ...realClock, now: () => 5_000_000 - 3_600_000 } })).out).toContain(words)
  await gateway.close()
})
