import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('switches it off', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'cron.update': { id: 'job-1', name: 'Cake', enabled: false, state: {}, own: { when: 'every 2 h' } } } })
  expect((await runCommand(['cron', 'disable', 'job-1'], { gateway })).out).toContain('It is off')
  expect(gateway.calls.at(-1)).toMatchObject({ method: 'cron.update', params: { id: 'job-1', patch: { enabled: false } } })
  await gateway.close()
})
