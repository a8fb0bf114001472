import { mainAgent, Problem, type AgentId } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed, Word } from '../wire/params.ts'

const Says = Type.Union([Type.Literal('allow'), Type.Literal('ask'), Type.Literal('deny')])

export const policyExplain = defineMethod({
  name: 'policy.explain',
  scope: 'operator.approvals',
  summary: 'What the judge would say to a call, by which rule, and what would be asked. Does nothing.',
  params: closed({ as: Word, tool: Word, input: Type.Optional(Type.Record(Type.String(), Type.Unknown())), session: Type.Optional(Word), agentId: Type.Optional(Word), tainted: Type.Optional(Type.Boolean()) }),
  result: Type.Object({
    principal: Type.Object({ id: Type.String(), role: Type.String() }), tool: Type.String(), effects: Type.Array(Type.Record(Type.String(), Type.Unknown())), verdict: Says, reason: Type.String(),
    layers: Type.Array(Type.Object({ layer: Type.String(), says: Says, why: Type.String() })), question: Type.Union([Type.String(), Type.Null()]),
  }),
  async handle({ as, tool, input, session, agentId, tainted }, rooms) {
    if (rooms.policy === undefined) throw new Problem('policy-unavailable', 'This gateway was built without it.')
    const said = await rooms.policy.explain({ as, tool, input: input ?? {}, ...(session === undefined ? {} : { in: session }), agent: (agentId ?? mainAgent) as AgentId, tainted: tainted === true })
    return { ...said, principal: { id: said.principal.id, role: said.principal.role } }
  },
})
