import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'

export const cronList = defineMethod({
  name: 'cron.list',
  scope: 'operator.read',
  summary: 'Scheduled jobs; this gateway has none yet.',
  params: open({}),
  result: Type.Object({ jobs: Type.Array(Type.Unknown()), total: Type.Integer(), hasMore: Type.Boolean() }),
  handle: async (_params) => ({ jobs: [], total: 0, hasMore: false }),
})
