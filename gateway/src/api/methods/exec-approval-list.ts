import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { ApprovalRow, approvalRow } from '../wire/approval-rows.ts'
import { open } from '../wire/params.ts'

export const execApprovalList = defineMethod({
  name: 'exec.approval.list',
  scope: 'operator.approvals',
  summary: 'What waits for a yes, oldest first.',
  params: open({}),
  result: Type.Array(ApprovalRow),
  handle: async (_params, rooms) => (await rooms.guard.approvals({ open: true })).map(approvalRow),
})
