import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'

it('shows who may, on their own word and after strangers\'', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'policy.whoCan': { people: [{ id: 'owner', name: null, role: 'owner', own: { verdict: 'allow', reason: 'the rule' }, tainted: { verdict: 'ask', reason: 'it read' } }] } } })
  const run = await runCommand(['policy', 'who-can', 'runs-code'], { gateway, columns: 160 })
  for (const words of ['owner', 'allow', 'ask: it read']) expect(run.out).toContain(words)
  expect((await runCommand(['policy', 'who-can', 'flying'], { gateway })).code).toBe(2)
  await gateway.close()
})
