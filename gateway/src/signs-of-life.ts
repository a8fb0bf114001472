/** What shows people that their message was taken and is worked on, by the configuration of all rooms that say something about it. */
import type { AckReaction, ChatRef, ConfigView, Logger, Store } from '@moltbot/contract'
import { agentsSection, type Agents } from './foundation/agents/index.ts'
import type { ConnectionsRoom } from './foundation/connections/index.ts'
import { isAddressed } from './journey/guard/index.ts'
import type { InboxRoom } from './journey/inbox/index.ts'
import { agentOfKey, messagesSection, sessionSection } from './journey/sessions/index.ts'
import { createSigns, statusReactionsSection, type SignsOptions, type SignsRoom } from './journey/signs/index.ts'

export function openSigns({ config, log, clock, store, connections, agents, inbox, mentionPatterns }: Pick<SignsOptions, 'clock'> & {
  config: ConfigView
  log: Logger
  store: Pick<Store, 'read'>
  connections: Pick<ConnectionsRoom, 'of' | 'onUp' | 'status' | 'accountConfig'>
  agents: Pick<Agents, 'get'>
  inbox: Pick<InboxRoom, 'ofTurn' | 'onEnd'>
  mentionPatterns(): readonly RegExp[]
}): SignsRoom {
  const signs = createSigns({
    clock, log, connections,
    ack() {
      const { ackReaction, ackReactionScope, removeAckAfterReply } = config.get(messagesSection)
      return { scope: ackReactionScope, removeAfterReply: removeAckAfterReply, ...(ackReaction === undefined ? {} : { emoji: ackReaction }) }
    },
    ackOf: ({ channel, account }: ChatRef) => connections.accountConfig(channel, account)['ackReaction'] as AckReaction | undefined,
    status: () => config.get(statusReactionsSection),
    typing() {
      const { typingMode: mode, typingIntervalSeconds: seconds } = { ...config.get(agentsSection).defaults, ...config.get(sessionSection) }
      return { ...(mode === undefined ? {} : { mode }), ...(seconds === undefined ? {} : { everyMs: seconds * 1_000 }) }
    },
    emojiOf: (key) => agents.get(agentOfKey(key)).emoji,
    addressed: (message) => isAddressed(message, mentionPatterns()),
    ofTurn: (turn) => inbox.ofTurn(store.read, turn),
  })
  inbox.onEnd((row) => signs.ended(row))
  return signs
}
