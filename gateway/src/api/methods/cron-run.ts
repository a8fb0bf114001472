import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { HouseRunRow, houseName, houseRunRow, scheduleOf } from '../wire/house-jobs.ts'
import { MaybeWord, open } from '../wire/params.ts'

export const cronRun = defineMethod({
  name: 'cron.run',
  scope: 'operator.admin',
  summary: 'Does a job at once (mode force), and answers when it is done: how it ended stands in run. Without a mode it is done only if it is due; the gateway itself never leaves one overdue.',
  params: open({ id: MaybeWord, jobId: MaybeWord, mode: Type.Optional(Type.Union([Type.Literal('due'), Type.Literal('force'), Type.Literal('if-enabled')])) }),
  result: Type.Object({
    ok: Type.Boolean(), ran: Type.Boolean(), reason: Type.Optional(Type.Union([Type.Literal('not-due'), Type.Literal('disabled'), Type.Literal('already-running')])), run: Type.Optional(HouseRunRow),
  }),
  async handle({ id, jobId, mode = 'due' }, rooms, { principal }) {
    const schedule = scheduleOf(rooms)
    const asked = id ?? jobId
    if (asked === undefined) throw new Problem('job-unnamed', 'It was not said which job.', { next: 'Name it by its id, such as house:review.' })
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
