import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { pushOf, PushWishes } from '../wire/push-of.ts'

export const pushWebPreferencesSet = defineMethod({
  name: 'push.web.preferences.set',
  scope: 'operator.write',
  summary: 'Changes what the caller wants to be told of; `showText` lets notifications carry words of what they are about.',
  params: closed({ approvals: Type.Optional(Type.Boolean()), replies: Type.Optional(Type.Boolean()), alerts: Type.Optional(Type.Boolean()), showText: Type.Optional(Type.Boolean()) }),
  result: Type.Object({ preferences: PushWishes }),
  handle: async (params, rooms, caller) => ({ preferences: await pushOf(rooms).prefer(caller.principal.id, params) }),
})
