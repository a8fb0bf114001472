import Type, { type Static } from 'typebox'
import type { Approval } from '../../journey/guard/types.ts'

const MaybeString = Type.Union([Type.String(), Type.Null()])

/** A question on the wire. `request` is what clients of this family know; the rest is ours. */
export const ApprovalRow = Type.Object({
  id: Type.String(),
  request: Type.Object({
    command: Type.String(), cwd: MaybeString, host: MaybeString, security: MaybeString, ask: MaybeString, agentId: MaybeString, resolvedPath: MaybeString, sessionKey: MaybeString,
  }),
  createdAtMs: Type.Number(), expiresAtMs: Type.Number(),
  code: Type.String(), tool: Type.String(), detail: Type.String(), reason: Type.String(), always: MaybeString, principal: Type.String(),
  state: Type.String(), decision: MaybeString, decidedBy: MaybeString, decidedVia: MaybeString, decidedAtMs: Type.Union([Type.Number(), Type.Null()]),
})

export function approvalRow(approval: Approval): Static<typeof ApprovalRow> {
  return {
    id: approval.id,
    request: { command: approval.summary, cwd: null, host: null, security: null, ask: null, agentId: approval.agent, resolvedPath: null, sessionKey: approval.session },
    createdAtMs: approval.requestedAt, expiresAtMs: approval.expiresAt,
    code: approval.code, tool: approval.tool, detail: approval.detail, reason: approval.reason, always: approval.always, principal: approval.principal,
    state: approval.state, decision: approval.decision, decidedBy: approval.decidedBy, decidedVia: approval.decidedVia, decidedAtMs: approval.decidedAt,
  }
}

/** How a question stands for whoever waits; `decision` null: open still, or nobody answered. */
export const ApprovalDecision = Type.Object({ id: Type.String(), decision: MaybeString, createdAtMs: Type.Number(), expiresAtMs: Type.Number() })

export function decisionOf(approval: Approval): Static<typeof ApprovalDecision> {
  return { id: approval.id, decision: approval.decision, createdAtMs: approval.requestedAt, expiresAtMs: approval.expiresAt }
}
