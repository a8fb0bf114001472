import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'

export const nodeList = defineMethod({
  name: 'node.list',
  scope: 'operator.read',
  summary: 'Companion devices that offer abilities; none can join this gateway yet.',
  params: open({}),
  result: Type.Object({ ts: Type.Integer(), nodes: Type.Array(Type.Unknown()) }),
  handle: async (_params, rooms) => ({ ts: Math.round(rooms.clock.now()), nodes: [] }),
})
