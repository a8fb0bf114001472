import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'

export const toolsList = defineMethod({
  name: 'tools.list',
  scope: 'operator.read',
  summary: 'Which tools an agent has in the hands of a person, and of each other one the layer that took it away.',
  params: closed({ agentId: Type.Optional(Type.String({ maxLength: 64 })), as: Type.Optional(Type.String({ maxLength: 300 })) }),
  result: Type.Object({
    agentId: Type.String(), as: Type.String(), tools: Type.Array(Type.Object({ name: Type.String(), description: Type.String(), removedBy: Type.Union([Type.String(), Type.Null()]) })),
    unknown: Type.Array(Type.Object({ list: Type.String(), name: Type.String() })),
  }),
  async handle({ agentId, as }, rooms, caller) {
    if (rooms.tools === undefined) throw new Problem('tools-absent', 'This gateway was built without tools.')
    return rooms.tools.list({ ...(agentId === undefined ? {} : { agent: agentId }), as: as ?? caller.principal.id })
  },
})
