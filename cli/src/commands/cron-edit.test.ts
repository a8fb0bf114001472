import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('sends only what is to be different', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'cron.update': { id: 'job-1', name: 'Cake', enabled: true, state: {}, own: { when: 'every 2 h', place: null } } } })
  const { out } = await runCommand(['cron', 'edit', 'job-1', '--every', '2h', '--no-deliver'], { gateway })
  expect(out).toMatch(/Changed\.[^]*every 2 h[^]*stay in its own conversation/)
  expect(gateway.calls.at(-1)).toMatchObject({ method: 'cron.update', params: { id: 'job-1', patch: { schedule: { kind: 'every', every: '2h' }, delivery: { mode: 'none' } } } })
  expect((await runCommand(['cron', 'edit', 'job-1'], { gateway })).code).not.toBe(0)
  await gateway.close()
})
