import { expect, it } from 'vitest'
import { startFakeGateway } from '../testing/fake-gateway.ts'
import { runCommand } from '../testing/run-command.ts'
import { sampleApproval } from '../testing/sample-approvals.ts'

it('takes back one or all, and says when there was nothing', async () => {
  const gateway = await startFakeGateway({ token: 'T', methods: { 'exec.approval.grants.revoke': { ok: true, revoked: sampleApproval.createdAtMs } } })
  expect((await runCommand(['approvals', 'revoke', 'all'], { gateway })).out).toContain('One permission was taken back')
  await gateway.close()
  const none = await startFakeGateway({ token: 'T', methods: { 'exec.approval.grants.revoke': { ok: true, revoked: 0 } } })
  expect((await runCommand(['approvals', 'revoke', 'grant_9'], { gateway: none })).code).toBe(2)
  await none.close()
  await gateway.close()
})
