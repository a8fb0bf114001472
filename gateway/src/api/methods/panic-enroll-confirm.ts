import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { actorOf, haltOf } from '../wire/halt-of.ts'
import { closed } from '../wire/params.ts'

export const panicEnrollConfirm = defineMethod({
  name: 'panic.enroll.confirm',
  scope: 'operator.admin',
  fresh: true,
  summary: 'The first code of the authenticator that `panic.enroll` with `confirm` has shown, within ten minutes: from now on it is the second factor.',
  params: closed({ code: Type.String({ minLength: 1, maxLength: 64 }) }),
  result: Type.Object({ ok: Type.Literal(true) }),
  async handle({ code }, rooms, caller) {
    await haltOf(rooms).confirm(actorOf(caller), code)
    return { ok: true as const }
  },
})
