import { Problem, type AgentId } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'

export const sandboxTest = defineMethod({
  name: 'sandbox.test',
  scope: 'operator.admin',
  summary: 'Tries to break out of the sandbox with real programs and says what held.',
  params: open({ agentId: Type.Optional(Type.String({ maxLength: 64 })) }),
  result: Type.Object({ probes: Type.Array(Type.Object({ id: Type.String(), what: Type.String(), held: Type.Union([Type.Boolean(), Type.Null()]), saw: Type.String() })) }),
  async handle({ agentId }, rooms) {
    if (rooms.sandbox === undefined) throw new Problem('sandbox-unavailable', 'This gateway runs no commands.')
    return { probes: await rooms.sandbox.probe(agentId as AgentId | undefined) }
  },
})
