import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'
import { samplePeople } from '../testing/sample-people.ts'

it('forgets somebody, and says when a list would bring them back', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'principals.list': samplePeople, 'principals.remove': { ok: true } } })
  expect((await runCommand(['people', 'remove', 'pr_ann01'], { gateway })).out).not.toContain('A list')
  expect((await runCommand(['people', 'remove', 'pigeon:8'], { gateway })).out).toContain('A list in the configuration')
  await gateway.close()
})
