import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { nodeRow, WireNode } from '../wire/node-rows.ts'
import { open, Word } from '../wire/params.ts'

export const nodeDescribe = defineMethod({
  name: 'node.describe',
  scope: 'operator.read',
  summary: 'One of the caller\'s own pages or devices.',
  params: open({ nodeId: Word }),
  result: Type.Object({ ts: Type.Integer(), ...WireNode.properties }),
  async handle({ nodeId }, rooms, caller) {
    const found = rooms.nodes?.list(caller.principal.id).find(({ id }) => id === nodeId)
    if (found === undefined) throw new Problem('node-none', 'unknown nodeId')
    return { ts: Math.round(rooms.clock.now()), ...nodeRow(found) }
  },
})
