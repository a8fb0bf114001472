import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { actorOf, haltOf } from '../wire/halt-of.ts'
import { closed } from '../wire/params.ts'

export const resume = defineMethod({
  name: 'resume',
  scope: 'operator.admin',
  summary: 'Goes on after a pause, or after a panic with the second factor (see `resume.challenge`).',
  params: closed({ code: Type.Optional(Type.String({ maxLength: 64 })), forget: Type.Optional(Type.Boolean({ description: 'Let go of what waits instead of answering it.' })) }),
  result: Type.Object({ was: Type.Union([Type.Literal('running'), Type.Literal('paused'), Type.Literal('panic')]), forgotten: Type.Integer() }),
  async handle({ code, forget = false }, rooms, caller) {
    return haltOf(rooms).resume(actorOf(caller), { ...(code === undefined ? {} : { code }), forget })
  },
})
