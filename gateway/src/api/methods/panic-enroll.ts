import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { actorOf, haltOf } from '../wire/halt-of.ts'
import { closed } from '../wire/params.ts'

export const panicEnroll = defineMethod({
  name: 'panic.enroll',
  scope: 'operator.admin',
  fresh: true,
  summary: 'A new authenticator for `resume`, shown once; needs the second factor of the moment. Not during a panic.',
  params: closed({
    code: Type.Optional(Type.String({ maxLength: 64 })),
    confirm: Type.Optional(Type.Boolean({ description: 'It counts only after `panic.enroll.confirm` had its first code; until then the one from before does.' })),
  }),
  result: Type.Object({ uri: Type.String(), secret: Type.String(), recovery: Type.String() }),
  handle: ({ code, confirm = false }, rooms, caller) => haltOf(rooms).enroll(actorOf(caller), code, { confirm }),
})
