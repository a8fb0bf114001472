import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { nodeRow, WireNode } from '../wire/node-rows.ts'
import { open } from '../wire/params.ts'

export const nodeList = defineMethod({
  name: 'node.list',
  scope: 'operator.read',
  summary: 'What is connected of the caller\'s own and can do something for them: pages and devices.',
  params: open({}),
  result: Type.Object({ ts: Type.Integer(), nodes: Type.Array(WireNode) }),
  handle: async (_params, rooms, caller) => ({ ts: Math.round(rooms.clock.now()), nodes: (rooms.nodes?.list(caller.principal.id) ?? []).map(nodeRow) }),
})
