/** Summarises the older part of a conversation between its turns, at the expense of whose conversation it is. */
import { ownerPrincipal, type Charge, type ChatRef, type ModelCall } from '@moltbot/contract'
import { isElevated } from './elevated.ts'
import type { Agents } from './foundation/agents/index.ts'
import type { Budget } from './foundation/budget/index.ts'
import type { HaltState } from './foundation/halt/index.ts'
import { compact, estimateTokens } from './journey/agent/index.ts'
import type { GuardRoom } from './journey/guard/index.ts'
import { agentOfKey, type SessionsNeeds, type SessionsRoom } from './journey/sessions/index.ts'

export function createSummariser({ halt, session, principal, agents, callModel }: {
  halt(): HaltState
  session: SessionsRoom['get']
  principal: GuardRoom['principal']
  agents: Pick<Agents, 'get'>
  callModel: ReturnType<Budget['callModel']>
}): SessionsNeeds['compact'] {
  return async (view, focus, signal) => {
    if (halt().kind !== 'running') return { reason: 'Everything is held: no model is asked.' }
    const row = await session(view.sessionKey)
    const payer = row === undefined ? undefined : await principal(row.principal)
    const charge: Charge = {
      principal: row?.principal ?? ownerPrincipal, agent: agentOfKey(view.sessionKey), channel: row?.lastChat?.channel ?? ('' as ChatRef['channel']), session: view.sessionKey, turn: view.id,
      privy: payer !== undefined && isElevated(payer),
    }
    const host = {
      callModel: (call: ModelCall) => callModel({ ...call, charge }), tools: [], takeSteering: () => [], estimateTokens, signal, parallel: () => false,
      runTool: () => Promise.reject(new Error('no tools while summarising')),
    }
    let usage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }
    let reason = 'There was nothing to summarise.'
    const steps = compact(view, host, focus, { settings: agents.get(agentOfKey(view.sessionKey)).compaction })
    for (;;) {
      const step = await steps.next()
      if (step.done === true) return step.value === undefined ? { reason } : { ...step.value, usage }
      if (step.value.type === 'compaction-end') {
        usage = step.value.usage
        reason = step.value.error ?? reason
      }
    }
  }
}
