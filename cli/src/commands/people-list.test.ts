import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'
import { samplePeople } from '../testing/sample-people.ts'

it('shows who is known, and what nobody could type', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'principals.list': samplePeople } })
  const run = await runCommand(['people'], { gateway, columns: 200 })
  for (const words of ['owner', 'pr_ann01', 'member', 'child (gone)', 'pigeon:7', 'Profiles: child']) expect(run.out).toContain(words)
  expect(run.out).not.toContain('\u001b')
  await gateway.close()
})
