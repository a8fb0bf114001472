import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { JobRow, askerOf, givenJob, jobRow, jobsOf, newJobOf } from '../wire/job-rows.ts'
import { open } from '../wire/params.ts'

const wrapped = Type.Optional(open(givenJob))

export const cronAdd = defineMethod({
  name: 'cron.add',
  scope: 'operator.admin',
  summary: 'Makes a job of the caller\'s own: what the assistant is told at a time, every so often or by a pattern, and where its answer goes.',
  params: open({ ...givenJob, job: wrapped, data: wrapped }),
  result: JobRow,
  async handle({ job, data, ...plain }, rooms, { principal }) {
    const jobs = jobsOf(rooms)
    const who = askerOf(principal)
    return jobRow(await jobs.add(await newJobOf(job ?? data ?? plain, jobs, principal, Math.trunc(rooms.clock.now())), who))
  },
})
