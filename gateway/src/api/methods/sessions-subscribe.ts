import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'

export const sessionsSubscribe = defineMethod({
  name: 'sessions.subscribe',
  scope: 'operator.read',
  summary: 'From now on this connection hears sessions.changed.',
  params: open({}),
  result: Type.Object({ subscribed: Type.Boolean() }),
  async handle(_params, _rooms, caller) {
    caller.subscriptions.sessions = true
    return { subscribed: true }
  },
})
