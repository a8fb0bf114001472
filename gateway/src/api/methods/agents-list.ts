import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { levelsOf } from '../wire/model-rows.ts'
import { open } from '../wire/params.ts'
import { defaultAgentId } from '../wire/session-key.ts'

export const agentsList = defineMethod({
  name: 'agents.list',
  scope: 'operator.read',
  summary: 'The agents of this gateway and which one answers by default.',
  params: open({}),
  result: Type.Object({
    defaultId: Type.String(),
    mainKey: Type.String(),
    scope: Type.String(),
    ownership: Type.String(),
    selectionRequired: Type.Boolean(),
    agents: Type.Array(Type.Object({
      id: Type.String(), name: Type.String(), workspace: Type.String(),
      identity: Type.Object({ name: Type.String(), emoji: Type.Optional(Type.String()), avatar: Type.Optional(Type.String()) }),
      model: Type.Object({ primary: Type.String(), fallbacks: Type.Array(Type.String()) }),
      thinkingLevels: Type.Array(Type.Object({ id: Type.String(), label: Type.String() })),
      thinkingOptions: Type.Array(Type.String()),
    })),
  }),
  async handle(_params, rooms) {
    const { primary, fallbacks } = rooms.models.current()
    const levels = levelsOf(true)
    return {
      defaultId: defaultAgentId(rooms),
      mainKey: 'main',
      scope: 'per-sender',
      ownership: 'sole',
      selectionRequired: false,
      agents: rooms.agents.list().map((agent) => ({
        id: agent.id, name: agent.name, workspace: agent.workspace,
        identity: { name: agent.name, ...(agent.emoji === null ? {} : { emoji: agent.emoji, avatar: agent.emoji }) },
        model: { primary, fallbacks: [...fallbacks] }, thinkingLevels: levels, thinkingOptions: levels.map((level) => level.id),
      })),
    }
  },
})
