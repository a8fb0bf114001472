import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { toolGroupRows, ToolGroups } from '../wire/tool-groups.ts'
import { open } from '../wire/params.ts'

export const toolsCatalog = defineMethod({
  name: 'tools.catalog',
  scope: 'operator.read',
  summary: 'Every tool there is, in its group, with the profiles that have it.',
  params: open({ agentId: Type.Optional(Type.String({ maxLength: 64 })) }),
  result: Type.Object({ agentId: Type.String(), profiles: Type.Array(Type.Object({ id: Type.String(), label: Type.String() })), groups: ToolGroups }),
  async handle({ agentId }, rooms) {
    if (rooms.tools === undefined) throw new Problem('tools-absent', 'This gateway was built without tools.')
    const catalog = rooms.tools.catalog(agentId)
    return { agentId: catalog.agentId, profiles: catalog.profiles.map((id) => ({ id, label: id })), groups: toolGroupRows(catalog) }
  },
})
