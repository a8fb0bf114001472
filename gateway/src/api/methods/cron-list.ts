import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { HouseJobRow, houseJobRow } from '../wire/house-jobs.ts'
import { open } from '../wire/params.ts'

export const cronList = defineMethod({
  name: 'cron.list',
  scope: 'operator.read',
  summary: 'What the gateway does by itself: each job with its last result and its next run, the next one first. Jobs of one\'s own are not there yet.',
  params: open({ includeDisabled: Type.Optional(Type.Boolean()) }),
  result: Type.Object({ jobs: Type.Array(HouseJobRow), total: Type.Integer(), hasMore: Type.Boolean() }),
  async handle({ includeDisabled }, rooms) {
    const all = (await rooms.schedule?.list()) ?? []
    const jobs = all.filter(({ enabled }) => enabled || includeDisabled === true).map((job) => houseJobRow(job, rooms.startedAt))
    return { jobs, total: jobs.length, hasMore: false }
  },
})
