import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { agentOf, defaultAgentId, requireAgent, sessionFor } from '../wire/session-key.ts'

export const agentIdentityGet = defineMethod({
  name: 'agent.identity.get',
  scope: 'operator.read',
  summary: 'The name and face of an agent, or of the agent a session belongs to.',
  params: closed({ agentId: Type.Optional(Type.String()), sessionKey: Type.Optional(Type.String()) }),
  result: Type.Object({ agentId: Type.String(), name: Type.String(), avatar: Type.String(), emoji: Type.Optional(Type.String()) }),
  async handle({ agentId, sessionKey }, rooms) {
    const id = agentId !== undefined && agentId !== '' ? agentId.toLowerCase() : sessionKey !== undefined && sessionKey !== '' ? agentOf(sessionFor(rooms, sessionKey)) : defaultAgentId(rooms)
    requireAgent(rooms, id)
    const agent = rooms.agents.list().find((known) => known.id === id)
    const name = agent?.name ?? id
    return { agentId: id, name, avatar: agent?.emoji ?? (name.slice(0, 1).toUpperCase() || 'A'), ...(agent?.emoji == null ? {} : { emoji: agent.emoji }) }
  },
})
