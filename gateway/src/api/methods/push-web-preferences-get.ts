import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { pushOf, PushWishes } from '../wire/push-of.ts'

export const pushWebPreferencesGet = defineMethod({
  name: 'push.web.preferences.get',
  scope: 'operator.read',
  summary: 'What the caller wants to be told of, and in how many browsers.',
  params: closed({}),
  result: Type.Object({ preferences: PushWishes, browsers: Type.Integer() }),
  async handle(_params, rooms, caller) {
    const push = pushOf(rooms)
    return { preferences: await push.preferences(caller.principal.id), browsers: await push.count(caller.principal.id) }
  },
})
