import { defineMethod } from '../method.ts'
import { ApprovalDecision, decisionOf } from '../wire/approval-rows.ts'
import { open, Word } from '../wire/params.ts'

export const execApprovalWaitDecision = defineMethod({
  name: 'exec.approval.waitDecision',
  scope: 'operator.approvals',
  summary: 'Answers when the question is answered or has run out.',
  params: open({ id: Word }),
  result: ApprovalDecision,
  async handle({ id }, rooms, caller) {
    return decisionOf(await rooms.guard.whenDecided(id, caller.signal))
  },
})
