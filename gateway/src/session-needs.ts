/** What conversations need of the other rooms: what their agents are, which models answer them, and what becomes of their messages. */
import type { Channel, SessionKey, Store, Tx } from '@moltbot/contract'
import type { Agents } from './foundation/agents/index.ts'
import type { Budget } from './foundation/budget/index.ts'
import type { Models } from './foundation/models/index.ts'
import { estimateTokens } from './journey/agent/index.ts'
import type { GuardRoom } from './journey/guard/index.ts'
import type { InboxRoom } from './journey/inbox/index.ts'
import type { OutboxRoom } from './journey/outbox/index.ts'
import type { SessionsNeeds } from './journey/sessions/index.ts'

export function sessionNeeds({ store, inbox, outbox, agents, models, budget, guard, channels, background, ...given }: Pick<SessionsNeeds, 'prompt' | 'readFiles' | 'answer' | 'compact'> & {
  store: Store
  inbox: Pick<InboxRoom, 'assign' | 'end' | 'backlog' | 'ofTurn' | 'ofClient' | 'forget'>
  outbox: Pick<OutboxRoom, 'forget' | 'reply'>
  agents: Pick<Agents, 'defaultId' | 'defaults' | 'get'>
  models: Pick<Models, 'door' | 'info' | 'forget'>
  budget: Pick<Budget, 'write'>
  guard: Pick<GuardRoom, 'principal'>
  channels: readonly Channel[]
  /** Commands that go on after their turns. */
  background: { forget(tx: Tx, key: SessionKey): Promise<void> }
}): SessionsNeeds {
  return {
    ...given,
    assign: inbox.assign,
    endMessage: (tx, id, end, detail) => inbox.end(tx, id, end, detail),
    backlog: inbox.backlog,
    platformIds: (turn) => inbox.ofTurn(store.read, turn),
    ofClient: (id, { principal, key }) => inbox.ofClient(id, { channels: channels.filter(({ senders }) => senders === 'authenticated').map((channel) => channel.id), sender: principal, ...(key === undefined ? {} : { chat: key }) }),
    agentFor: () => agents.defaultId(), defaultAgent: () => agents.defaultId(),
    agent(id) {
      const facts = agents.get(id)
      return { thinking: facts.thinkingDefault, timeoutMs: facts.timeoutMs, concurrent: agents.defaults().maxConcurrent }
    },
    models(agent, chosen) {
      const current = models.door.current()
      const own = agents.get(agent).models
      const primary = chosen ?? own.primary ?? current.primary
      const candidates = chosen === undefined ? [primary, ...(own.primary === undefined ? current.fallbacks : own.fallbacks)] : [chosen]
      const resolved = [...new Set(candidates.map((name) => models.door.resolve(name) ?? name))]
      const info = models.info(resolved[0] ?? primary)
      return { candidates: resolved, strict: chosen !== undefined, contextWindow: Math.min(agents.get(agent).contextTokens ?? Number.POSITIVE_INFINITY, info.contextWindow), maxOutputTokens: info.maxOutputTokens }
    },
    estimateTokens,
    spent: budget.write,
    async forget(tx, key, turns) {
      // Our own ways in name their chats by the session's key.
      await outbox.forget(tx, { turns, inbox: await inbox.forget(tx, key), chats: [key] })
      await background.forget(tx, key)
      await models.forget(tx, key)
    },
    principal: guard.principal,
    async refuse(tx, waiting, reason) {
      await outbox.reply(tx, { inbox: waiting.inbox, chat: waiting.message.chat, principal: waiting.principal.id }, reason, 'refused')
    },
  }
}
