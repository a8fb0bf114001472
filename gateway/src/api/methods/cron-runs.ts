import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { HouseRunRow, houseName, houseRunRow, isHouse, scheduleOf } from '../wire/house-jobs.ts'
import { JobRunRow, askerOf, jobRunRow, jobsOf } from '../wire/job-rows.ts'
import { MaybeWord, open } from '../wire/params.ts'

const limitDefault = 200

export const cronRuns = defineMethod({
  name: 'cron.runs',
  scope: 'operator.read',
  summary: 'The newest runs of one job, or without an id of all, oldest first: what came of each, and who asked for it.',
  params: open({ id: MaybeWord, jobId: MaybeWord, limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5_000 })) }),
  result: Type.Object({ entries: Type.Array(Type.Union([JobRunRow, HouseRunRow])) }),
  async handle({ id, jobId, limit = limitDefault }, rooms, { principal }) {
    const asked = id ?? jobId
    const own = async () => (await jobsOf(rooms).runs({ job: asked, limit }, askerOf(principal))).filter(({ endedAt }) => endedAt !== null).map((run) => jobRunRow(run))
    const house = async () => (await scheduleOf(rooms).runs({ ...(asked === undefined ? {} : { job: houseName(asked) }), limit })).map(houseRunRow)
    if (asked !== undefined) return { entries: isHouse(asked) ? await house() : await own() }
    const all = [...(rooms.jobs === undefined ? [] : await own()), ...(await house())]
    return { entries: all.toSorted((a, b) => a.ts - b.ts).slice(-limit) }
  },
})
