import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'

export const memoryStatus = defineMethod({
  name: 'memory.status',
  scope: 'operator.read',
  summary: 'The files of the caller\'s memory with an agent and how many lines of them can be found, after a look at the disk.',
  params: closed({ agentId: Type.Optional(Type.String({ maxLength: 64 })) }),
  result: Type.Object({ files: Type.Array(Type.Object({ path: Type.String(), bytes: Type.Integer() })), lines: Type.Integer() }),
  async handle({ agentId }, rooms, caller) {
    if (rooms.memory === undefined) throw new Problem('memory-absent', 'This gateway remembers nothing.')
    return rooms.memory.status({ principal: caller.principal.id, ...(agentId === undefined ? {} : { agent: agentId }) })
  },
})
