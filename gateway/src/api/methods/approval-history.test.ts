import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { askedApproval } from '../testing/asked-approval.ts'
import { approvalHistory } from './approval-history.ts'

it('tells the newest questions with their answers', async () => {
  const rooms = await fakeRooms()
  const approval = await askedApproval(rooms)
  await rooms.guard.decide(approval.id, 'deny', { principal: { id: 'owner' as never, role: 'owner' }, via: 'test' })
  expect(await callMethod(approvalHistory, { limit: 5 }, rooms)).toMatchObject({ approvals: [{ id: approval.id, state: 'denied', decidedVia: 'test' }] })
})
