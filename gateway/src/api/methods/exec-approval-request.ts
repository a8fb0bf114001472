import { mainAgent, type AgentId } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { ApprovalDecision, decisionOf } from '../wire/approval-rows.ts'
import { MaybeWord, open, Word } from '../wire/params.ts'

const MaybeText = Type.Optional(Type.Union([Type.String(), Type.Null()]))

export const execApprovalRequest = defineMethod({
  name: 'exec.approval.request',
  scope: 'operator.approvals',
  summary: 'Asks for a yes to a command of the client\'s own; answers when it is decided or has run out (with `twoPhase` at once).',
  params: open({
    id: MaybeWord, command: Word, cwd: MaybeText, host: MaybeText, security: MaybeText, ask: MaybeText, agentId: MaybeText, resolvedPath: MaybeText, sessionKey: MaybeText,
    timeoutMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 600_000 })), twoPhase: Type.Optional(Type.Boolean()),
  }),
  result: ApprovalDecision,
  async handle({ id, command, cwd, agentId, sessionKey, timeoutMs = 120_000, twoPhase }, rooms, caller) {
    const approval = await rooms.guard.request({
      ...(id === undefined ? {} : { id }), tool: 'exec', input: { command, ...(typeof cwd === 'string' ? { cwd } : {}) }, effects: [{ kind: 'runs-code', what: command }],
      agent: (agentId ?? mainAgent) as AgentId, session: typeof sessionKey === 'string' && sessionKey !== '' ? rooms.sessions.resolveKey(sessionKey) : null, turn: null, principal: caller.principal,
      summary: typeof cwd === 'string' ? `${command}\nin ${cwd}` : command, reason: `${caller.client.displayName ?? caller.client.id} asks`, until: rooms.clock.now() + timeoutMs,
    })
    return decisionOf(twoPhase === true ? approval : await rooms.guard.whenDecided(approval.id, caller.signal))
  },
})
