import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { gatewaySection } from '../config.ts'
import { defineMethod } from '../method.ts'
import { mayAllowFromNotification } from '../wire/notified-answer.ts'
import { open, Word } from '../wire/params.ts'

export const execApprovalResolve = defineMethod({
  name: 'exec.approval.resolve',
  scope: 'operator.approvals',
  summary: 'Answers a question: `allow-once`, `allow-always` or `deny`. `from: notification`: whoever answers sees only what a notification shows; such a yes is good for few things and only once.',
  params: open({ id: Word, decision: Type.String(), from: Type.Optional(Type.Literal('notification')) }),
  result: Type.Object({ ok: Type.Literal(true) }),
  async handle({ id, decision, from }, rooms, caller) {
    if (decision !== 'allow-once' && decision !== 'allow-always' && decision !== 'deny') throw new Problem('request-invalid', 'invalid decision')
    if (from === 'notification') {
      const asked = await rooms.guard.approval(id)
      // By its id alone: a code may be another question's by now.
      if (asked?.id !== id) throw new Problem('approval-unknown', 'unknown approval id')
      if (decision !== 'deny' && (decision !== 'allow-once' || !mayAllowFromNotification(asked.effects, rooms.config.get(gatewaySection).controlUi.notificationAnswers))) {
        throw new Problem('approval-from-page', 'This is not allowed from a notification.', { next: 'Open the page and look at it there; gateway.controlUi.notificationAnswers says which may be.' })
      }
    }
    await rooms.guard.decide(id, decision, { principal: caller.principal, via: from ?? caller.client.mode })
    return { ok: true as const }
  },
})
