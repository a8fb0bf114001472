import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { askedApproval } from '../testing/asked-approval.ts'
import { execApprovalGet } from './exec-approval-get.ts'

it('tells the whole call, by id or code, and refuses what it does not know', async () => {
  const rooms = await fakeRooms()
  const approval = await askedApproval(rooms)
  expect(await callMethod(execApprovalGet, { id: approval.code }, rooms)).toMatchObject({ id: approval.id, detail: approval.detail, request: { command: approval.summary } })
  await expect(callMethod(execApprovalGet, { id: 'nothing' }, rooms)).rejects.toMatchObject({ code: 'approval-unknown' })
})
