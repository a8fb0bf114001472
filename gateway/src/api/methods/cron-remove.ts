import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { askerOf, jobsOf } from '../wire/job-rows.ts'
import { namedJob } from '../wire/house-jobs.ts'
import { MaybeWord, open } from '../wire/params.ts'

export const cronRemove = defineMethod({
  name: 'cron.remove',
  scope: 'operator.admin',
  summary: 'Removes a job of a person for good. What is under way still ends; what came of its runs stays to be read.',
  params: open({ id: MaybeWord, jobId: MaybeWord }),
  result: Type.Object({ ok: Type.Boolean(), removed: Type.Boolean() }),
  async handle({ id, jobId }, rooms, { principal }) {
    return { ok: true, removed: await jobsOf(rooms).remove(namedJob(id ?? jobId), askerOf(principal)) }
  },
})
