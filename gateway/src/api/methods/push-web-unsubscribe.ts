import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { Endpoint, pushOf } from '../wire/push-of.ts'

export const pushWebUnsubscribe = defineMethod({
  name: 'push.web.unsubscribe',
  scope: 'operator.write',
  summary: 'Tells one browser nothing more, or with `all` no browser of this person.',
  params: closed({ endpoint: Type.Optional(Endpoint), all: Type.Optional(Type.Literal(true)) }),
  result: Type.Object({ ok: Type.Literal(true), removed: Type.Integer() }),
  async handle({ endpoint, all }, rooms, caller) {
    const removed = endpoint === undefined && all !== true ? 0 : await pushOf(rooms).unsubscribe(caller.principal.id, all === true ? 'all' : (endpoint ?? ''))
    return { ok: true as const, removed }
  },
})
