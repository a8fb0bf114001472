import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { haltOf, HaltShape, haltRow } from '../wire/halt-of.ts'
import { closed } from '../wire/params.ts'

export const resumeChallenge = defineMethod({
  name: 'resume.challenge',
  scope: 'operator.admin',
  summary: 'Which second factor is asked for: a code of the enrolled authenticator, or the one in a private file of the gateway\'s machine.',
  params: closed({ look: Type.Optional(Type.Boolean({ description: 'Only which: the file is not made, and not named.' })) }),
  result: Type.Object({ factor: Type.Union([Type.Literal('totp'), Type.Literal('local')]), file: Type.Optional(Type.String()), halt: HaltShape }),
  async handle({ look = false }, rooms) {
    if (look) return { factor: haltOf(rooms).factor(), halt: haltRow(rooms) }
    return { ...(await haltOf(rooms).challenge()), halt: haltRow(rooms) }
  },
})
