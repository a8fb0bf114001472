import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'
import { sampleApproval } from '../testing/sample-approvals.ts'

it('shows what waits, why, and what for good would mean, in words that cannot move the cursor', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'exec.approval.list': [sampleApproval] } })
  const run = await runCommand(['approvals'], { gateway, columns: 200 })
  for (const words of ['K7QM', 'Run ls -l', 'why: it would run a command', 'exactly the command “ls -l”', 'approvals approve']) expect(run.out).toContain(words)
  expect(run.out).not.toContain('\u001b')
  await gateway.close()
})
