import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'
import { sampleApproval } from '../testing/sample-approvals.ts'

it('says no', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'exec.approval.list': [sampleApproval], 'exec.approval.resolve': { ok: true } } })
  expect((await runCommand(['approvals', 'deny', 'K7QM'], { gateway })).out).toContain('Refused')
  expect(gateway.calls.at(-1)?.params).toEqual({ id: 'approval_1', decision: 'deny' })
  await gateway.close()
})
