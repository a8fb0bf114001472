import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'
import { sampleApproval } from '../testing/sample-approvals.ts'

it('shows what is allowed for good', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'exec.approval.grants.list': { grants: [{ id: 'grant_1', principal: 'owner', agentId: 'main', kind: 'runs-code', what: 'ls', words: `${String(sampleApproval.always)}\u001b[2J`, sinceMs: 1, by: 'owner' }] } } })
  const run = await runCommand(['approvals', 'grants'], { gateway, columns: 200 })
  for (const words of ['grant_1', 'exactly the command', 'approvals revoke']) expect(run.out).toContain(words)
  expect(run.out).not.toContain('\u001b')
  await gateway.close()
})
