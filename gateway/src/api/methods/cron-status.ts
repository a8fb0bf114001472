import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { MaybeTime, open } from '../wire/params.ts'

export const cronStatus = defineMethod({
  name: 'cron.status',
  scope: 'operator.read',
  summary: 'Whether jobs run, how many there are, and when the next is due.',
  params: open({}),
  result: Type.Object({ enabled: Type.Boolean(), storePath: Type.String(), jobs: Type.Integer(), nextWakeAtMs: MaybeTime }),
  async handle(_params, rooms) {
    const all = (await rooms.schedule?.list()) ?? []
    return { enabled: rooms.schedule !== undefined, storePath: '', jobs: all.length, nextWakeAtMs: all[0]?.nextAt ?? null }
  },
})
