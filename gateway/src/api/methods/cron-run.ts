import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { HouseRunRow, houseName, houseRunRow, isHouse, namedJob, scheduleOf } from '../wire/house-jobs.ts'
import { askerOf, jobsOf } from '../wire/job-rows.ts'
import { MaybeWord, open } from '../wire/params.ts'

export const cronRun = defineMethod({
  name: 'cron.run',
  scope: 'operator.admin',
  summary: 'Does a job at once (mode force). A job of the gateway is answered when it is done, and how it ended stands in run; one of a person is begun, and told where it always is. Without a mode it is done only if it is due.',
  params: open({ id: MaybeWord, jobId: MaybeWord, mode: Type.Optional(Type.Union([Type.Literal('due'), Type.Literal('force'), Type.Literal('if-enabled')])) }),
  result: Type.Object({
    ok: Type.Boolean(), ran: Type.Boolean(), reason: Type.Optional(Type.Union([Type.Literal('not-due'), Type.Literal('disabled'), Type.Literal('already-running')])), run: Type.Optional(HouseRunRow),
  }),
  async handle({ id, jobId, mode = 'due' }, rooms, { principal }) {
    const asked = namedJob(id ?? jobId)
    if (!isHouse(asked)) {
      const begun = await jobsOf(rooms).run(asked, askerOf(principal), mode)
      return begun === 'begun' ? { ok: true, ran: true } : { ok: true, ran: false, reason: begun }
    }
    const schedule = scheduleOf(rooms)
    const name = houseName(asked)
    if (mode !== 'force') {
      const job = (await schedule.list()).find((each) => each.name === name)
      if (job?.enabled === false) return { ok: true, ran: false, reason: 'disabled' as const }
      if (mode === 'due' && job !== undefined && (job.nextAt === null || job.nextAt > rooms.clock.now())) return { ok: true, ran: false, reason: 'not-due' as const }
    }
    const run = await schedule.run(name, principal.id)
    return run === undefined ? { ok: true, ran: false, reason: 'already-running' as const } : { ok: true, ran: true, run: houseRunRow(run) }
  },
})
