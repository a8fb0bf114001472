import { Problem, type AgentId, type ChatRef, type JobKeeper, type JobLine, type JobTimes, type Origin, type PrincipalId, type SenderId, type SessionKey } from '@moltbot/contract'
import type { JobAsker, JobFacts, JobRun, JobsDoor } from './types.ts'

/** Whose turn it is, and where its results would go. */
export interface JobsSubject {
  agent: AgentId
  session: SessionKey
  principal: PrincipalId
  /** Where the turn belongs. Absent: nowhere, and no job can be made in it. */
  place?: { chat: ChatRef | null; sender: SenderId } | undefined
  /** The turn is a job's own, or follows from one. */
  byJob: boolean
  /** Whose words steer the turn; undefined: nobody's but the person's. */
  origin: Origin | undefined
}

const runWords: Record<JobRun['state'], string> = { waiting: 'waits', begun: 'is being done', ok: 'done', silent: 'done, nothing to tell', failed: 'failed', stopped: 'stopped', skipped: 'left out' }

/** The grant `jobs`: a person's own jobs, and nobody else's. */
export function jobGrants({ door, zone, at }: { door: Pick<JobsDoor, 'list' | 'add' | 'update' | 'remove' | 'run' | 'runs'>; zone(): string; at(ms: number): string }): (subject: () => Promise<JobsSubject>) => JobKeeper {
  const lineOf = ({ id, name, text, when, enabled, nextAt, stoppedWhy, last, runningAt }: JobFacts): JobLine => ({
    id, name, text, when, enabled, next: nextAt === null ? null : at(nextAt),
    last: runningAt !== null ? runWords.begun : stoppedWhy !== null ? `switched off: ${stoppedWhy}` : last === null ? null : `${at(last.startedAt ?? last.dueAt)}: ${runWords[last.state]}${last.state === 'failed' || last.state === 'skipped' ? `: ${last.words.slice(0, 200)}` : ''}`,
  })
  const onlyPeople = ({ byJob }: JobsSubject): void => {
    if (byJob) throw new Problem('job-by-job', 'A job makes, changes and starts no jobs: only a person does.', { next: 'Tell the person what you would set up, and let them ask for it.' })
  }
  const given = (times: JobTimes): boolean => times.at !== undefined || times.every !== undefined || times.cron !== undefined || times.tz !== undefined

  return (subject) => {
    const asker = async (): Promise<{ whose: JobsSubject; who: JobAsker }> => {
      const whose = await subject()
      return { whose, who: { principal: whose.principal, all: false } }
    }
    return {
      list: async () => (await door.list((await asker()).who)).map(lineOf),
      async add({ name, text, ...times }) {
        const { whose, who } = await asker()
        onlyPeople(whose)
        if (whose.place === undefined) throw new Problem('recipient-unknown', 'This turn belongs to no chat where a result could be told.')
        return lineOf(await door.add({ name, text, times, agent: whose.agent, chat: whose.place.chat, sender: whose.place.sender, madeIn: whose.session, origin: whose.origin }, who))
      },
      async update(id, { name, text, enabled, ...times }) {
        const { whose, who } = await asker()
        onlyPeople(whose)
        const isTime = given(times)
        if (isTime && times.at === undefined && times.every === undefined && times.cron === undefined) throw new Problem('job-times', 'A zone alone says no time.', { next: `Give the time as well. Without a zone it is in ${zone()}.` })
        return lineOf(await door.update(id, { ...(name === undefined ? {} : { name }), ...(text === undefined ? {} : { text }), ...(enabled === undefined ? {} : { enabled }), ...(isTime ? { times } : {}), origin: whose.origin }, who))
      },
      async remove(id) {
        if (!(await door.remove(id, (await asker()).who))) throw new Problem('job-unknown', 'There is no such job.')
      },
      async run(id) {
        const { whose, who } = await asker()
        onlyPeople(whose)
        return (await door.run(id, who, 'force')) === 'begun'
      },
      runs: async (job, limit) => (await door.runs({ job, limit }, (await asker()).who)).map((run) => ({ job: run.job, name: run.name, at: at(run.startedAt ?? run.dueAt), state: runWords[run.state], words: run.words })),
    }
  }
}
