import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { toolGroupRows, ToolGroups } from '../wire/tool-groups.ts'
import { open } from '../wire/params.ts'

export const toolsEffective = defineMethod({
  name: 'tools.effective',
  scope: 'operator.read',
  summary: 'The tools of one conversation in its person\'s hands, and of each other one the layer that took it away.',
  params: open({ sessionKey: Type.Optional(Type.String({ maxLength: 300 })), agentId: Type.Optional(Type.String({ maxLength: 64 })) }),
  result: Type.Object({
    agentId: Type.String(), sessionKey: Type.String(), profile: Type.String(), groups: ToolGroups, removed: Type.Array(Type.Object({ id: Type.String(), by: Type.String() })),
  }),
  async handle({ sessionKey, agentId }, rooms, caller) {
    if (rooms.tools === undefined) throw new Problem('tools-absent', 'This gateway was built without tools.')
    const key = rooms.sessions.resolveKey(sessionKey ?? (agentId === undefined ? 'main' : `agent:${agentId}:main`))
    const session = await rooms.sessions.get(key)
    const agent = key.split(':')[1] ?? ''
    const list = await rooms.tools.list({ agent, as: session?.principal ?? caller.principal.id, where: { session: key, ...(session?.lastChat === null || session === undefined ? {} : { chat: session.lastChat }) } })
    const catalog = rooms.tools.catalog(agent)
    const there = new Set(list.tools.flatMap(({ name, removedBy }) => (removedBy === null ? [name] : [])))
    return {
      agentId: list.agentId, sessionKey: key, profile: catalog.profile, groups: toolGroupRows(catalog, there),
      removed: list.tools.flatMap(({ name, removedBy }) => (removedBy === null ? [] : [{ id: name, by: removedBy }])),
    }
  },
})
