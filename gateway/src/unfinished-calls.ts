/** What models may have been working at when the gateway died: their cost is counted as if they had finished. */
import type { SessionKey, Store, TurnId } from '@moltbot/contract'
import { catalog } from '@moltbot/models'
import type { Unfinished } from './foundation/budget/index.ts'
import type { Config } from './foundation/config/index.ts'
import { modelsSection, type Models } from './foundation/models/index.ts'
import { estimateTokens } from './journey/agent/index.ts'
import type { InboxRoom } from './journey/inbox/index.ts'
import { agentOfKey, type SessionsRoom } from './journey/sessions/index.ts'

/** The first of each conversation that was not done with: its model may have been at work when the gateway died. */
export async function unfinishedCalls({ inbox, sessions, models, config, store }: {
  inbox: Pick<InboxRoom, 'open'>
  sessions: Pick<SessionsRoom, 'get' | 'transcript'>
  models: Pick<Models, 'door' | 'info'>
  config: Config
  store: Store
}): Promise<Unfinished[]> {
  const calls = new Map<SessionKey, Unfinished>()
  for (const { sessionKey, principal, turnId, chat, message, receivedAt } of await inbox.open()) {
    if (sessionKey === null || principal === null || calls.has(sessionKey)) continue
    const turn = turnId === null ? undefined : await sessions.transcript.turn(store.read, turnId)
    if (turn?.state === 'done') continue
    const session = await sessions.get(sessionKey)
    const named = session?.settings.model ?? models.door.current().primary
    const model = models.door.resolve(named) ?? named
    const provider = model.split('/')[0] ?? ''
    calls.set(sessionKey, {
      charge: { principal, agent: agentOfKey(sessionKey), channel: chat.channel, session: sessionKey, turn: turnId ?? ('' as TurnId), privy: true },
      model, baseUrl: config.get(modelsSection).providers[provider]?.baseUrl ?? catalog.find(({ id }) => id === provider)?.baseUrl ?? '',
      // A first prompt is about this long: the instructions, the tools and the files of the workspace.
      inputTokens: Math.max(4_000, session?.contextTokens ?? 0) + estimateTokens(message.text), maxOutputTokens: models.info(model).maxOutputTokens, since: receivedAt,
    })
  }
  return [...calls.values()]
}
