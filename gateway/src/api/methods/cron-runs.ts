import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { HouseRunRow, houseName, houseRunRow, scheduleOf } from '../wire/house-jobs.ts'
import { MaybeWord, open } from '../wire/params.ts'

const limitDefault = 200

export const cronRuns = defineMethod({
  name: 'cron.runs',
  scope: 'operator.read',
  summary: 'The newest runs of one job, or without an id of all, oldest first: what came of each, and who asked for it.',
  params: open({ id: MaybeWord, jobId: MaybeWord, limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5_000 })) }),
  result: Type.Object({ entries: Type.Array(HouseRunRow) }),
  async handle({ id, jobId, limit }, rooms) {
    const asked = id ?? jobId
    const runs = await scheduleOf(rooms).runs({ ...(asked === undefined ? {} : { job: houseName(asked) }), limit: limit ?? limitDefault })
    return { entries: runs.map(houseRunRow) }
  },
})
