import { Problem, describeError, ownerPrincipal, type Clock, type HouseJob, type HouseRun, type Logger, type Migration, type PrincipalId, type Store } from '@moltbot/contract'
import type { HouseChange, HouseDoor, HouseJobFacts, HouseRunFacts } from './types.ts'

export const scheduleMigration: Migration = {
  name: '0001-house-runs',
  sql: `CREATE TABLE house_runs (id INTEGER PRIMARY KEY, job TEXT NOT NULL, principal TEXT NOT NULL, asked INTEGER NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER NOT NULL, ok INTEGER NOT NULL, words TEXT NOT NULL);
CREATE INDEX house_runs_job ON house_runs (job, id)`,
}

/** Runs that are kept of each job. */
const keptMax = 200
const wordsMax = 1_000

export interface HouseScheduleOptions { store: Store; clock: Clock; log: Logger }

export interface HouseSchedule extends HouseDoor {
  add(job: HouseJob): void
  /** Takes down what a job did by itself, in the name of the owner. Never rejects: what cannot be written is logged. */
  ran(job: string, run: HouseRun): Promise<void>
}

type Row = { job: string; principal: string; asked: number; started_at: number; ended_at: number; ok: number; words: string }

export function createHouseSchedule({ store, clock, log }: HouseScheduleOptions): HouseSchedule {
  const jobs = new Map<string, HouseJob>()
  const running = new Map<string, number>()
  const listeners = new Set<(change: HouseChange) => void>()
  const tell = (change: HouseChange): void => {
    for (const listener of listeners) listener(change)
  }
  const readRow = ({ job, principal, asked, started_at, ended_at, ok, words }: Row): HouseRunFacts => ({ job, by: principal as PrincipalId, asked: asked === 1, startedAt: started_at, endedAt: ended_at, ok: ok === 1, words })

  async function keep(job: string, { startedAt, ok, words }: HouseRun, by: PrincipalId, asked: boolean): Promise<HouseRunFacts> {
    const run: HouseRunFacts = { job, by, asked, startedAt: Math.trunc(startedAt), endedAt: Math.trunc(clock.now()), ok, words: words.slice(0, wordsMax) }
    await store.transaction(async (tx) => {
      await tx.run('INSERT INTO house_runs (job, principal, asked, started_at, ended_at, ok, words) VALUES (?, ?, ?, ?, ?, ?, ?)', job, by, asked ? 1 : 0, run.startedAt, run.endedAt, ok ? 1 : 0, run.words)
      await tx.run('DELETE FROM house_runs WHERE job = ? AND id <= (SELECT id FROM house_runs WHERE job = ? ORDER BY id DESC LIMIT 1 OFFSET ?)', job, job, keptMax)
    })
    tell({ kind: 'finished', run })
    return run
  }

  async function factsOf(job: HouseJob): Promise<HouseJobFacts> {
    const { name, title, description, setting = null } = job
    const [plan, last] = await Promise.all([job.plan(), store.read.get<Row>('SELECT * FROM house_runs WHERE job = ? ORDER BY id DESC LIMIT 1', name)])
    return { name, title, description, setting, ...plan, byHand: job.run !== undefined, runningAt: running.get(name) ?? null, last: last === undefined ? null : readRow(last) }
  }

  return {
    add: (job) => void jobs.set(job.name, job),
    async ran(job, run) {
      try {
        await keep(job, run, ownerPrincipal, false)
      } catch (error) {
        log.error('What the gateway did by itself could not be written down.', { job, error: describeError(error) })
      }
    },
    async list() {
      const all = await Promise.all([...jobs.values()].map(factsOf))
      return all.toSorted((a, b) => (a.nextAt ?? Number.POSITIVE_INFINITY) - (b.nextAt ?? Number.POSITIVE_INFINITY) || a.name.localeCompare(b.name))
    },
    async runs({ job, limit }) {
      const rows = job === undefined
        ? await store.read.all<Row>('SELECT * FROM house_runs ORDER BY id DESC LIMIT ?', limit)
        : await store.read.all<Row>('SELECT * FROM house_runs WHERE job = ? ORDER BY id DESC LIMIT ?', job, limit)
      return rows.map(readRow).toReversed()
    },
    async run(name, by) {
      const job = jobs.get(name)
      if (job === undefined) throw new Problem('job-unknown', `There is no job "${name}".`, { next: 'See them: moltbot cron list' })
      if (job.run === undefined) throw new Problem('job-by-itself', `"${job.title}" is done by itself only.`, { ...(job.setting === undefined ? {} : { next: `Its setting is ${job.setting}.` }) })
      if (running.has(name)) return undefined
      const startedAt = clock.now()
      running.set(name, startedAt)
      tell({ kind: 'started', job: name, at: Math.trunc(startedAt) })
      try {
        const ended: HouseRun = await job.run().then(
          (words) => ({ startedAt, ok: true, words }),
          (error: unknown) => ({ startedAt, ok: false, words: error instanceof Problem ? error.explain() : describeError(error) }),
        )
        return await keep(name, ended, by, true)
      } finally {
        running.delete(name)
      }
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
