import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'

export const updateStatus = defineMethod({
  name: 'update.status',
  scope: 'operator.read',
  summary: 'Whether a newer version is known; this gateway never asks the network by itself.',
  params: open({}),
  result: Type.Object({ sentinel: Type.Null(), updateAvailable: Type.Null(), effectiveChannel: Type.String() }),
  handle: async (_params) => ({ sentinel: null, updateAvailable: null, effectiveChannel: 'stable' }),
})
