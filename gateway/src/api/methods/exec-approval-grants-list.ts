import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'

export const execApprovalGrantsList = defineMethod({
  name: 'exec.approval.grants.list',
  scope: 'operator.approvals',
  summary: 'What was allowed for good.',
  params: open({}),
  result: Type.Object({
    grants: Type.Array(Type.Object({ id: Type.String(), principal: Type.String(), agentId: Type.String(), kind: Type.String(), what: Type.String(), words: Type.String(), sinceMs: Type.Number(), by: Type.String() })),
  }),
  handle: async (_params, rooms) => ({
    grants: (await rooms.guard.standing()).map(({ id, principal, agent, kind, what, words, since, by }) => ({ id, principal, agentId: agent, kind, what, words, sinceMs: since, by })),
  }),
})
