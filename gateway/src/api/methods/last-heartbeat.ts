import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'

export const lastHeartbeat = defineMethod({
  name: 'last-heartbeat',
  scope: 'operator.read',
  summary: 'The last heartbeat; null, because this gateway has none yet.',
  params: open({}),
  result: Type.Null(),
  handle: async () => null,
})
