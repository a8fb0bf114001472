import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it.each([
  [{ ok: true, ran: true, run: { status: 'ok', summary: 'Swept.' } }, 0, /Done: Swept\./],
  [{ ok: true, ran: false, reason: 'not-due' }, 0, /It is not due\./],
  [{ ok: true, ran: false, reason: 'already-running' }, 0, /It is being done already\./],
  [{ ok: true, ran: true, run: { status: 'error', error: 'The broom is gone.' } }, 1, /The broom is gone\.[^]*moltbot cron runs --id house:sweep/],
])('tells how it went: %j', async (answer, code, words) => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'cron.run': answer } })
  const run = await runCommand(['cron', 'run', 'house:sweep'], { gateway })
  expect([run.code, run.out + run.err]).toEqual([code, expect.stringMatching(words)])
  expect(gateway.calls.at(-1)).toMatchObject({ method: 'cron.run', params: { id: 'house:sweep', mode: 'force' } })
  await gateway.close()
})
