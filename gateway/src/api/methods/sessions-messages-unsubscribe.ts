import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open, Word } from '../wire/params.ts'
import { sessionFor } from '../wire/session-key.ts'

export const sessionsMessagesUnsubscribe = defineMethod({
  name: 'sessions.messages.unsubscribe',
  scope: 'operator.read',
  summary: 'This connection no longer hears session.message for that session.',
  params: open({ key: Word, agentId: Type.Optional(Type.String()) }),
  result: Type.Object({ subscribed: Type.Boolean(), key: Type.String() }),
  async handle(params, rooms, caller) {
    const key = sessionFor(rooms, params.key, params.agentId)
    caller.subscriptions.messages.delete(key)
    return { subscribed: false, key }
  },
})
