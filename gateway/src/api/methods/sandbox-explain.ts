import { Problem, type AgentId } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'

export const sandboxExplain = defineMethod({
  name: 'sandbox.explain',
  scope: 'operator.read',
  summary: 'How commands are isolated from this machine: by what, what holds inside, and what is weaker here.',
  params: open({ agentId: Type.Optional(Type.String({ maxLength: 64 })) }),
  result: Type.Object({
    backend: Type.String(), available: Type.Boolean(), reason: Type.Union([Type.String(), Type.Null()]), remedy: Type.Union([Type.String(), Type.Null()]), scope: Type.String(), workspaceAccess: Type.String(),
    network: Type.String(), promises: Type.Array(Type.String()), weaker: Type.Array(Type.String()), profile: Type.String(),
    browser: Type.Optional(Type.Object({ available: Type.Boolean(), reason: Type.Union([Type.String(), Type.Null()]), remedy: Type.Union([Type.String(), Type.Null()]) })),
  }),
  async handle({ agentId }, rooms) {
    if (rooms.sandbox === undefined) throw new Problem('sandbox-unavailable', 'This gateway runs no commands.')
    const { promises, weaker, ...facts } = await rooms.sandbox.explain(agentId as AgentId | undefined)
    return { ...facts, promises: [...promises], weaker: [...weaker] }
  },
})
