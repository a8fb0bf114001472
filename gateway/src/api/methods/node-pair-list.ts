import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'

export const nodePairList = defineMethod({
  name: 'node.pair.list',
  scope: 'operator.pairing',
  summary: 'Companion devices that wait to join; none can yet.',
  params: open({}),
  result: Type.Object({ pending: Type.Array(Type.Unknown()), paired: Type.Array(Type.Unknown()) }),
  handle: async (_params) => ({ pending: [], paired: [] }),
})
