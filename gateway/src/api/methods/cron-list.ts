import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { HouseJobRow, houseJobRow } from '../wire/house-jobs.ts'
import { JobRow, askerOf, jobRow } from '../wire/job-rows.ts'
import { open } from '../wire/params.ts'

export const cronList = defineMethod({
  name: 'cron.list',
  scope: 'operator.read',
  summary: 'What is done at set times: the caller\'s jobs (for owners and admins everybody\'s) and what the gateway does by itself, each with its last result and its next run, the next one first.',
  params: open({ includeDisabled: Type.Optional(Type.Boolean()) }),
  result: Type.Object({ jobs: Type.Array(Type.Union([JobRow, HouseJobRow])), total: Type.Integer(), hasMore: Type.Boolean() }),
  async handle({ includeDisabled }, rooms, { principal }) {
    const [own, house] = [(await rooms.jobs?.list(askerOf(principal))) ?? [], (await rooms.schedule?.list()) ?? []]
    const jobs = [...own.map(jobRow), ...house.map((job) => houseJobRow(job, rooms.startedAt))].filter(({ enabled }) => enabled || includeDisabled === true)
      .toSorted((a, b) => (a.state.nextRunAtMs ?? Number.POSITIVE_INFINITY) - (b.state.nextRunAtMs ?? Number.POSITIVE_INFINITY))
    return { jobs, total: jobs.length, hasMore: false }
  },
})
