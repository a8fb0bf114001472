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
it('takes from a notification a no to anything, and a yes only to what the owner lets be allowed unseen', async () => {
  const rooms = await fakeRooms()
  const answer = (id: string, decision: string): Promise<unknown> => callMethod(execApprovalResolve, { id, decision, from: 'notification' }, rooms)
  const run = await askedApproval(rooms)
  await expect(answer(run.id, 'allow-once')).rejects.toMatchObject({ code: 'approval-from-page' })
  await expect(answer(run.code, 'deny'), 'a code is not this question').rejects.toMatchObject({ code: 'approval-unknown' })
  rooms.state.config = { gateway: { controlUi: { notificationAnswers: 'all' } } }
  await expect(answer(run.id, 'allow-always')).rejects.toMatchObject({ code: 'approval-from-page' })
  expect(await rooms.guard.approval(run.id)).toMatchObject({ state: 'pending' })
  await answer(run.id, 'allow-once')
  expect(await rooms.guard.approval(run.id)).toMatchObject({ state: 'allowed', decidedVia: 'notification' })
  const other = await askedApproval(rooms)
  rooms.state.config = { gateway: { controlUi: { notificationAnswers: 'deny' } } }
  await answer(other.id, 'deny')
  expect(await rooms.guard.approval(other.id)).toMatchObject({ state: 'denied' })
})
it('knows no other answers and no other questions', async () => {
  const rooms = await fakeRooms()
  const approval = await askedApproval(rooms)
  await expect(callMethod(execApprovalResolve, { id: approval.id, decision: 'maybe' }, rooms)).rejects.toThrow('invalid decision')
  await expect(callMethod(execApprovalResolve, { id: 'other', decision: 'deny' }, rooms)).rejects.toThrow('unknown approval id')
})
