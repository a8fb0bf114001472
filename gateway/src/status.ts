/** What `/status` says of a conversation and of the gateway. */
import type { Channel, ChannelHealth, Clock, SessionKey, StatusFacts } from '@moltbot/contract'
import type { Budget } from './foundation/budget/index.ts'
import type { Connections } from './foundation/connections/types.ts'
import type { HaltState } from './foundation/halt/index.ts'
import type { Models } from './foundation/models/index.ts'
import type { SessionsRoom } from './journey/sessions/index.ts'

export function createStatus({ version, startedAt, clock, channels, sessions, models, budget, halt, connections }: {
  version: string
  startedAt: number
  clock: Clock
  channels: readonly Channel[]
  sessions: Pick<SessionsRoom, 'get' | 'waitingCount' | 'running'>
  models: Pick<Models, 'door' | 'info'>
  budget: Pick<Budget, 'door'>
  halt(): HaltState
  connections: Pick<Connections, 'status'>
}): (key: SessionKey) => Promise<StatusFacts> {
  return async (key) => {
    const session = await sessions.get(key)
    const chosen = session?.settings.model
    const current = models.door.current()
    const info = models.info(chosen ?? current.primary)
    const [used] = await budget.door.days(1)
    return {
      version, uptimeMs: clock.now() - startedAt, model: chosen ?? `${current.primary} (${current.why})`, session: key,
      contextTokens: session?.contextTokens ?? 0, contextWindow: info.contextWindow,
      ...(halt().kind === 'running' ? {} : { held: halt().kind === 'paused' ? 'Paused; `/resume` goes on' : 'Stopped by a panic; `moltbot resume` goes on' }),
      queue: `${sessions.waitingCount(key)} waiting${sessions.running(key).length > 0 ? ', one running' : ''}`,
      channels: connections.status().filter((each) => channels.find((channel) => channel.id === each.channel)?.senders === 'platform')
        .map((each) => ({ id: each.channel, account: each.account, state: stateWords(each.health) })),
      usageToday: { input: (used?.input ?? 0) + (used?.cacheRead ?? 0) + (used?.cacheWrite ?? 0), output: used?.output ?? 0, costUsd: used?.costUsd ?? 0 },
    }
  }
}

function stateWords(health: ChannelHealth): string {
  switch (health.kind) {
    case 'connected': return health.detail === undefined ? 'connected' : `connected as ${health.detail}`
    case 'retrying': return `trying again (${health.reason})`
    case 'needs-you': return `needs you: ${health.reason} ${health.action}`
    case 'throttled': return 'asked to slow down'
    default: return health.kind
  }
}
