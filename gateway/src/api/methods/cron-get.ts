import { defineMethod } from '../method.ts'
import { JobRow, askerOf, jobRow, jobsOf } from '../wire/job-rows.ts'
import { namedJob } from '../wire/house-jobs.ts'
import { MaybeWord, open } from '../wire/params.ts'

export const cronGet = defineMethod({
  name: 'cron.get',
  scope: 'operator.read',
  summary: 'One job of a person, with its last result and its next run.',
  params: open({ id: MaybeWord, jobId: MaybeWord }),
  result: JobRow,
  handle: async ({ id, jobId }, rooms, { principal }) => jobRow(await jobsOf(rooms).get(namedJob(id ?? jobId), askerOf(principal))),
})
