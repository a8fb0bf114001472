import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { askedApproval } from '../testing/asked-approval.ts'
import { execApprovalWaitDecision } from './exec-approval-wait-decision.ts'

it('tells the decision', async () => {
  const rooms = await fakeRooms()
  const approval = await askedApproval(rooms)
  await rooms.guard.decide(approval.id, 'allow-once', { principal: { id: 'owner' as never, role: 'owner' }, via: 'test' })
  expect(await callMethod(execApprovalWaitDecision, { id: approval.id }, rooms)).toMatchObject({ id: approval.id, decision: 'allow-once' })
})
