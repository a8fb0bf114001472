import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open, Word } from '../wire/params.ts'

export const execApprovalGrantsRevoke = defineMethod({
  name: 'exec.approval.grants.revoke',
  scope: 'operator.approvals',
  summary: 'Takes back what was allowed for good: one by its id, or `all`.',
  params: open({ id: Word }),
  result: Type.Object({ ok: Type.Literal(true), revoked: Type.Integer() }),
  handle: async ({ id }, rooms, caller) => ({ ok: true as const, revoked: await rooms.guard.revokeStanding(id, { principal: caller.principal, via: caller.client.mode }) }),
})
