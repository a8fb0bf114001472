import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'

export const voicewakeGet = defineMethod({
  name: 'voicewake.get',
  scope: 'operator.read',
  summary: 'The words that wake a listening device; none are set.',
  params: open({}),
  result: Type.Object({ triggers: Type.Array(Type.String()) }),
  handle: async (_params) => ({ triggers: [] }),
})
