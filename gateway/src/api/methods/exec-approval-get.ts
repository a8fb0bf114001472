import { Problem } from '@moltbot/contract'
import { defineMethod } from '../method.ts'
import { ApprovalRow, approvalRow } from '../wire/approval-rows.ts'
import { open, Word } from '../wire/params.ts'

export const execApprovalGet = defineMethod({
  name: 'exec.approval.get',
  scope: 'operator.approvals',
  summary: 'One question, open or answered, with the whole call.',
  params: open({ id: Word }),
  result: ApprovalRow,
  async handle({ id }, rooms) {
    const approval = await rooms.guard.approval(id)
    if (approval === undefined) throw new Problem('approval-unknown', 'unknown approval id')
    return approvalRow(approval)
  },
})
