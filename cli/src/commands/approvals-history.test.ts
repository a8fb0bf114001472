import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'
import { sampleApproval } from '../testing/sample-approvals.ts'

it('shows who answered what', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'approval.history': { approvals: [{ ...sampleApproval, state: 'denied', decidedBy: 'owner', decidedVia: 'cli' }] } } })
  const run = await runCommand(['approvals', 'history', '-n', '3'], { gateway, columns: 200 })
  for (const words of ['denied', 'owner, cli', 'Run ls -l']) expect(run.out).toContain(words)
  expect(gateway.calls.at(-1)?.params).toEqual({ limit: 3 })
  await gateway.close()
})
