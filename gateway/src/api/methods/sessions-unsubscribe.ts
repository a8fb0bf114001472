import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'

export const sessionsUnsubscribe = defineMethod({
  name: 'sessions.unsubscribe',
  scope: 'operator.read',
  summary: 'This connection no longer hears sessions.changed.',
  params: open({}),
  result: Type.Object({ subscribed: Type.Boolean() }),
  async handle(_params, _rooms, caller) {
    caller.subscriptions.sessions = false
    return { subscribed: false }
  },
})
