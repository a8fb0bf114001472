import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { askedApproval } from '../testing/asked-approval.ts'
import { execApprovalList } from './exec-approval-list.ts'

it('lists what is open only, also when a client adds keys of its own', async () => {
  const rooms = await fakeRooms()
  expect(await callMethod(execApprovalList, { includeDisabled: true, agentId: 'main' }, rooms)).toEqual([])
  const approval = await askedApproval(rooms)
  expect(await callMethod(execApprovalList, {}, rooms)).toMatchObject([{ id: approval.id, request: { command: 'ls' }, reason: 'because' }])
  await rooms.guard.decide(approval.id, 'deny', { principal: { id: 'owner' as never, role: 'owner' }, via: 'test' })
  expect(await callMethod(execApprovalList, {}, rooms)).toEqual([])
})
