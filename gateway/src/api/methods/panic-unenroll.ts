import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { actorOf, haltOf } from '../wire/halt-of.ts'
import { closed } from '../wire/params.ts'

export const panicUnenroll = defineMethod({
  name: 'panic.unenroll',
  scope: 'operator.admin',
  fresh: true,
  summary: 'Takes the authenticator away; needs its code. Resuming asks for the code on the gateway\'s machine again.',
  params: closed({ code: Type.Optional(Type.String({ maxLength: 64 })) }),
  result: Type.Object({ ok: Type.Literal(true) }),
  async handle({ code }, rooms, caller) {
    await haltOf(rooms).unenroll(actorOf(caller), code)
    return { ok: true as const }
  },
})
