import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { pushOf } from '../wire/push-of.ts'

export const pushWebTest = defineMethod({
  name: 'push.web.test',
  scope: 'operator.write',
  summary: 'Sends a notification to every browser of the caller, and tells how many took it; `later`: their push service asked to wait.',
  params: closed({}),
  result: Type.Object({ sent: Type.Integer(), failed: Type.Integer(), later: Type.Integer() }),
  handle: (_params, rooms, caller) => pushOf(rooms).send(caller.principal.id, { kind: 'test' }),
})
