import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'

export const outboxCounts = defineMethod({
  name: 'outbox.counts',
  scope: 'operator.read',
  summary: 'Deliveries that wait, may have arrived, or failed.',
  params: open({}),
  result: Type.Object({ waiting: Type.Integer(), ambiguous: Type.Integer(), failed: Type.Integer() }),
  handle: async (_params, rooms) => (await rooms.outbox.counts()),
})
