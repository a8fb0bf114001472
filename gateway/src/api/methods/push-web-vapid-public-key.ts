import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { pushOf } from '../wire/push-of.ts'

export const pushWebVapidPublicKey = defineMethod({
  name: 'push.web.vapidPublicKey',
  scope: 'operator.write',
  summary: 'The key with which a browser subscribes to notifications of this gateway.',
  params: closed({}),
  result: Type.Object({ publicKey: Type.String() }),
  handle: async (_params, rooms) => ({ publicKey: await pushOf(rooms).publicKey() }),
})
