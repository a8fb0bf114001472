import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { ignored, open, Word } from '../wire/params.ts'
import { sessionFor } from '../wire/session-key.ts'

/** So many sessions one connection may follow at a time. */
const followedMax = 500

export const sessionsMessagesSubscribe = defineMethod({
  name: 'sessions.messages.subscribe',
  scope: 'operator.read',
  summary: 'From now on this connection hears session.message for that session.',
  params: open({ key: Word, agentId: Type.Optional(Type.String()), ...ignored('includeApprovals') }),
  result: Type.Object({ subscribed: Type.Boolean(), key: Type.String() }),
  async handle(params, rooms, caller) {
    const key = sessionFor(rooms, params.key, params.agentId)
    const { messages } = caller.subscriptions
    if (messages.size >= followedMax && !messages.has(key)) {
      throw new Problem('subscriptions-full', `This connection follows ${followedMax} sessions already.`, { next: 'Unsubscribe from some first.' })
    }
    messages.add(key)
    return { subscribed: true, key }
  },
})
