import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it.each([[true, 0, /job-1 is removed/], [false, 1, /There is no job "job-1"/]])('removed: %s', async (removed, code, words) => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'cron.remove': { ok: true, removed } } })
  const run = await runCommand(['cron', 'rm', 'job-1'], { gateway })
  expect([run.code, run.out + run.err]).toEqual([code, expect.stringMatching(words)])
  await gateway.close()
})
