import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { askerOf } from '../wire/job-rows.ts'
import { MaybeTime, open } from '../wire/params.ts'

export const cronStatus = defineMethod({
  name: 'cron.status',
  scope: 'operator.read',
  summary: 'Whether jobs run, how many there are, and when the next is due. `ownEnabled`: whether those of people run now.',
  params: open({}),
  result: Type.Object({ enabled: Type.Boolean(), ownEnabled: Type.Boolean(), storePath: Type.String(), jobs: Type.Integer(), nextWakeAtMs: MaybeTime }),
  async handle(_params, rooms, { principal }) {
    const ownEnabled = rooms.jobs?.running() ?? false
    const [own, house] = [(await rooms.jobs?.list(askerOf(principal))) ?? [], (await rooms.schedule?.list()) ?? []]
    const times = [...(ownEnabled ? own : []), ...house].flatMap(({ nextAt }) => (nextAt === null ? [] : [Math.trunc(nextAt)]))
    return { enabled: rooms.schedule !== undefined || rooms.jobs !== undefined, ownEnabled, storePath: '', jobs: own.length + house.length, nextWakeAtMs: times.length === 0 ? null : Math.min(...times) }
  },
})
