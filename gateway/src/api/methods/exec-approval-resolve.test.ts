import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { askedApproval } from '../testing/asked-approval.ts'
import { execApprovalResolve } from './exec-approval-resolve.ts'

it.each(['allow-once', 'allow-always', 'deny'])('answers %s in the name of the caller', async (decision) => {
  const rooms = await fakeRooms()
  const approval = await askedApproval(rooms)
  expect(await callMethod(execApprovalResolve, { id: approval.id, decision }, rooms)).toEqual({ ok: true })
  expect(await rooms.guard.approval(approval.id)).toMatchObject({ decision, decidedBy: 'owner' })
})
it('knows no other answers and no other questions', async () => {
  const rooms = await fakeRooms()
  const approval = await askedApproval(rooms)
  await expect(callMethod(execApprovalResolve, { id: approval.id, decision: 'maybe' }, rooms)).rejects.toThrow('invalid decision')
  await expect(callMethod(execApprovalResolve, { id: 'other', decision: 'deny' }, rooms)).rejects.toThrow('unknown approval id')
})
