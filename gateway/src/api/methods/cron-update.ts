import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { JobRow, askerOf, changesOf, givenJob, jobRow, jobsOf } from '../wire/job-rows.ts'
import { namedJob } from '../wire/house-jobs.ts'
import { MaybeWord, open } from '../wire/params.ts'

export const cronUpdate = defineMethod({
  name: 'cron.update',
  scope: 'operator.admin',
  summary: 'Changes a job of a person; what the patch does not name stays. A new time, or switching it on, begins anew.',
  params: open({ id: MaybeWord, jobId: MaybeWord, patch: Type.Optional(open(givenJob)) }),
  result: JobRow,
  async handle({ id, jobId, patch = {} }, rooms, { principal }) {
    const jobs = jobsOf(rooms)
    return jobRow(await jobs.update(namedJob(id ?? jobId), await changesOf(patch, jobs, principal, Math.trunc(rooms.clock.now())), askerOf(principal)))
  },
})
