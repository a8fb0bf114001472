import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'
import { sampleApproval } from '../testing/sample-approvals.ts'

it('shows the whole call', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'exec.approval.get': sampleApproval } })
  expect((await runCommand(['approvals', 'show', 'K7QM'], { gateway })).out).toContain('command: ls -l⏎\nworkdir: x')
  await gateway.close()
})
