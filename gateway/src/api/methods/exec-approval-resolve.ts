import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open, Word } from '../wire/params.ts'

export const execApprovalResolve = defineMethod({
  name: 'exec.approval.resolve',
  scope: 'operator.approvals',
  summary: 'Answers a question: `allow-once`, `allow-always` or `deny`.',
  params: open({ id: Word, decision: Type.String() }),
  result: Type.Object({ ok: Type.Literal(true) }),
  async handle({ id, decision }, rooms, caller) {
    if (decision !== 'allow-once' && decision !== 'allow-always' && decision !== 'deny') throw new Problem('request-invalid', 'invalid decision')
    await rooms.guard.decide(id, decision, { principal: caller.principal, via: caller.client.mode })
    return { ok: true as const }
  },
})
