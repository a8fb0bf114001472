import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { Endpoint, pushOf } from '../wire/push-of.ts'

const Key = Type.String({ minLength: 1, maxLength: 200 })

export const pushWebSubscribe = defineMethod({
  name: 'push.web.subscribe',
  scope: 'operator.write',
  summary: 'Tells this browser from now on what waits for its person.',
  params: closed({ endpoint: Endpoint, keys: Type.Object({ p256dh: Key, auth: Key }) }),
  result: Type.Object({ ok: Type.Literal(true), browsers: Type.Integer() }),
  async handle(params, rooms, caller) {
    const push = pushOf(rooms)
    await push.subscribe(caller.principal.id, params)
    return { ok: true as const, browsers: await push.count(caller.principal.id) }
  },
})
