import { Problem, type AgentId } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'

export const egressTest = defineMethod({
  name: 'egress.test',
  scope: 'operator.read',
  summary: 'Whether a tool of an agent may reach an address, where it leads, and by which rule; connects to nothing.',
  params: closed({
    url: Type.String({ minLength: 1, maxLength: 8_192 }),
    use: Type.Optional(Type.Union([Type.Literal('web'), Type.Literal('commands'), Type.Literal('browser')])),
    agent: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  }),
  result: Type.Object({
    allowed: Type.Boolean(), host: Type.String(), port: Type.Integer(), addresses: Type.Array(Type.Object({ address: Type.String(), kind: Type.String() })),
    rule: Type.Union([Type.String(), Type.Null()]), code: Type.Union([Type.String(), Type.Null()]), reason: Type.Union([Type.String(), Type.Null()]),
  }),
  async handle({ url, use, agent }, rooms) {
    if (rooms.egress === undefined) throw new Problem('egress-absent', 'This gateway reaches nothing through tools.')
    const known = rooms.agents.list()
    const id = agent ?? known.find(({ isDefault }) => isDefault)?.id ?? 'main'
    if (!known.some((each) => each.id === id)) throw new Problem('agent-unknown', `There is no agent called "${id}".`, { next: `Use one of: ${known.map((each) => each.id).join(', ')}.` })
    return rooms.egress.test(url, use ?? 'web', id as AgentId)
  },
})
