import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'
import { sampleApproval } from '../testing/sample-approvals.ts'

it('says yes once, or for good, to the question of that code alone', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'exec.approval.list': [sampleApproval], 'exec.approval.resolve': { ok: true } } })
  expect((await runCommand(['approvals', 'approve', 'k7qm'], { gateway })).out).toContain('once')
  expect(gateway.calls.at(-1)).toMatchObject({ method: 'exec.approval.resolve', params: { id: 'approval_1', decision: 'allow-once' } })
  expect((await runCommand(['approvals', 'approve', 'approval_1', '--always'], { gateway })).out).toContain('exactly the command')
  expect(gateway.calls.at(-1)?.params).toMatchObject({ decision: 'allow-always' })
  const before = gateway.calls.length
  expect((await runCommand(['approvals', 'approve', 'XXXX'], { gateway })).code).toBe(2)
  expect(gateway.calls.slice(before).map(({ method }) => method)).not.toContain('exec.approval.resolve')
  await gateway.close()
})
