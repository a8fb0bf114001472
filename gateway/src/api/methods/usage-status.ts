import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'

export const usageStatus = defineMethod({
  name: 'usage.status',
  scope: 'operator.read',
  summary: 'What providers say of their own limits; none is asked yet.',
  params: open({}),
  result: Type.Object({ updatedAt: Type.Integer(), providers: Type.Array(Type.Unknown()) }),
  handle: async (_params, rooms) => ({ updatedAt: Math.round(rooms.clock.now()), providers: [] }),
})
