import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { ApprovalRow, approvalRow } from '../wire/approval-rows.ts'
import { open } from '../wire/params.ts'

export const approvalHistory = defineMethod({
  name: 'approval.history',
  scope: 'operator.approvals',
  summary: 'Questions and their answers, the newest first.',
  params: open({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })) }),
  result: Type.Object({ approvals: Type.Array(ApprovalRow) }),
  handle: async ({ limit }, rooms) => ({ approvals: (await rooms.guard.approvals(limit === undefined ? {} : { limit })).map(approvalRow) }),
})
