import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'

export const cronStatus = defineMethod({
  name: 'cron.status',
  scope: 'operator.read',
  summary: 'Whether scheduled jobs run; not yet.',
  params: open({}),
  result: Type.Object({ enabled: Type.Boolean(), storePath: Type.String(), jobs: Type.Integer(), nextWakeAtMs: Type.Null() }),
  handle: async (_params) => ({ enabled: false, storePath: '', jobs: 0, nextWakeAtMs: null }),
})
