import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('switches it on', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'cron.update': { id: 'job-1', name: 'Cake', enabled: true, state: {}, own: { when: 'every 2 h' } } } })
  expect((await runCommand(['cron', 'enable', 'job-1'], { gateway })).out).toContain('It is on')
  expect(gateway.calls.at(-1)).toMatchObject({ method: 'cron.update', params: { id: 'job-1', patch: { enabled: true } } })
  await gateway.close()
})
