import type { Migration, PrincipalId, Row, SessionKey, Sql, Store, Tx } from '@moltbot/contract'
import type { Job, JobRun, JobRunState } from './types.ts'

export const jobsMigration: Migration = {
  name: '0001-jobs',
  sql: `CREATE TABLE jobs (id TEXT PRIMARY KEY, principal TEXT NOT NULL, enabled INTEGER NOT NULL, next_at INTEGER, failures INTEGER NOT NULL, stopped_why TEXT, facts TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);
        CREATE INDEX jobs_principal ON jobs (principal, created_at);
        CREATE INDEX jobs_due ON jobs (next_at) WHERE enabled = 1;
        CREATE TABLE job_runs (id TEXT PRIMARY KEY, job TEXT NOT NULL, name TEXT NOT NULL, principal TEXT NOT NULL, due_at INTEGER NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, missed INTEGER NOT NULL, session TEXT, home TEXT,
          asked_by TEXT, started_at INTEGER, ended_at INTEGER, words TEXT NOT NULL, UNIQUE (job, due_at));
        CREATE INDEX job_runs_principal ON job_runs (principal, due_at);
        CREATE INDEX job_runs_open ON job_runs (due_at) WHERE ended_at IS NULL`,
}

/** Runs that are kept of each job. */
const keptMax = 200

type Facts = Omit<Job, 'id' | 'principal' | 'enabled' | 'nextAt' | 'failures' | 'stoppedWhy' | 'createdAt' | 'updatedAt'>

function toJob(row: Row): Job {
  return {
    ...(JSON.parse(String(row['facts'])) as Facts), id: String(row['id']), principal: row['principal'] as PrincipalId, enabled: row['enabled'] === 1, nextAt: row['next_at'] as number | null, failures: Number(row['failures']),
    stoppedWhy: row['stopped_why'] as string | null, createdAt: Number(row['created_at']), updatedAt: Number(row['updated_at']),
  }
}

function toRun(row: Row): JobRun {
  return {
    id: String(row['id']), job: String(row['job']), name: String(row['name']), principal: row['principal'] as PrincipalId, dueAt: Number(row['due_at']), kind: row['kind'] as JobRun['kind'], state: row['state'] as JobRunState,
    missed: Number(row['missed']), session: row['session'] as SessionKey | null, home: row['home'] as SessionKey | null, by: row['asked_by'] as PrincipalId | null, startedAt: row['started_at'] as number | null,
    endedAt: row['ended_at'] as number | null, words: String(row['words']),
  }
}

/** The tables of this room as named queries. The only file of the room that holds SQL. */
export function createJobLedger(store: Store) {
  const { read } = store
  const only = async <T>(found: Promise<Row | undefined>, make: (row: Row) => T): Promise<T | undefined> => {
    const row = await found
    return row === undefined ? undefined : make(row)
  }
  return {
    get: (id: string, on: Sql = read): Promise<Job | undefined> => only(on.get('SELECT * FROM jobs WHERE id = ?', id), toJob),
    async list(principal: PrincipalId | undefined): Promise<Job[]> {
      const rows = principal === undefined ? await read.all('SELECT * FROM jobs') : await read.all('SELECT * FROM jobs WHERE principal = ?', principal)
      return rows.map(toJob)
    },
    async count(on: Sql, principal: PrincipalId): Promise<number> {
      return Number((await on.get('SELECT COUNT(*) AS count FROM jobs WHERE principal = ?', principal))?.['count'] ?? 0)
    },
    async put(tx: Tx, { id, principal, enabled, nextAt, failures, stoppedWhy, createdAt, updatedAt, ...facts }: Job): Promise<void> {
      await tx.run(
        `INSERT INTO jobs (id, principal, enabled, next_at, failures, stopped_why, facts, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET enabled = excluded.enabled, next_at = excluded.next_at, failures = excluded.failures, stopped_why = excluded.stopped_why, facts = excluded.facts, updated_at = excluded.updated_at`,
        id, principal, enabled ? 1 : 0, nextAt, failures, stoppedWhy, JSON.stringify(facts), createdAt, updatedAt,
      )
    },
    /** False: it was due at another time by now, or is off or gone. */
    async moveOn(tx: Tx, { id, nextAt }: Job, next: number | null): Promise<boolean> {
      return (await tx.run('UPDATE jobs SET next_at = ? WHERE id = ? AND next_at = ? AND enabled = 1', next, id, nextAt)) === 1
    },
    async remove(tx: Tx, id: string): Promise<boolean> {
      return (await tx.run('DELETE FROM jobs WHERE id = ?', id)) === 1
    },
    due: async (now: number): Promise<Job[]> => (await read.all('SELECT * FROM jobs WHERE enabled = 1 AND next_at <= ? ORDER BY next_at, id', now)).map(toJob),
    async nextDue(): Promise<number | null> {
      return ((await read.get('SELECT MIN(next_at) AS next FROM jobs WHERE enabled = 1'))?.['next'] ?? null) as number | null
    },
    /** False: this moment of the job has its run already. */
    async addRun(tx: Tx, run: JobRun): Promise<boolean> {
      const added = await tx.run(
        `INSERT INTO job_runs (id, job, name, principal, due_at, kind, state, missed, session, home, asked_by, started_at, ended_at, words) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (job, due_at) DO NOTHING`,
        run.id, run.job, run.name, run.principal, run.dueAt, run.kind, run.state, run.missed, run.session, run.home, run.by, run.startedAt, run.endedAt, run.words,
      )
      await tx.run('DELETE FROM job_runs WHERE job = ? AND ended_at IS NOT NULL AND due_at <= (SELECT due_at FROM job_runs WHERE job = ? ORDER BY due_at DESC LIMIT 1 OFFSET ?)', run.job, run.job, keptMax)
      return added === 1
    },
    async hasRun(job: string, dueAt: number): Promise<boolean> {
      return (await read.get('SELECT 1 AS one FROM job_runs WHERE job = ? AND due_at = ?', job, dueAt)) !== undefined
    },
    begin: (tx: Tx, id: string, facts: { session: SessionKey; home: SessionKey; at: number }): Promise<number> =>
      tx.run("UPDATE job_runs SET state = 'begun', session = ?, home = ?, started_at = ? WHERE id = ? AND state = 'waiting'", facts.session, facts.home, facts.at, id),
    /** False: it has its end already. */
    async end(tx: Tx, id: string, state: JobRunState, words: string, at: number): Promise<boolean> {
      return (await tx.run('UPDATE job_runs SET state = ?, words = ?, ended_at = ? WHERE id = ? AND ended_at IS NULL', state, words, at, id)) === 1
    },
    run: (id: string, on: Sql = read): Promise<JobRun | undefined> => only(on.get('SELECT * FROM job_runs WHERE id = ?', id), toRun),
    /** Without an end, the longest due first. */
    open: async (on: Sql = read): Promise<JobRun[]> => (await on.all('SELECT * FROM job_runs WHERE ended_at IS NULL ORDER BY due_at, id')).map(toRun),
    lastOf: (job: string): Promise<JobRun | undefined> => only(read.get('SELECT * FROM job_runs WHERE job = ? AND ended_at IS NOT NULL ORDER BY due_at DESC LIMIT 1', job), toRun),
    async runs({ job, principal, limit }: { job: string | undefined; principal: PrincipalId | undefined; limit: number }): Promise<JobRun[]> {
      const rows = await read.all('SELECT * FROM job_runs WHERE (? IS NULL OR job = ?) AND (? IS NULL OR principal = ?) ORDER BY due_at DESC, id DESC LIMIT ?', job ?? null, job ?? null, principal ?? null, principal ?? null, limit)
      return rows.map(toRun).toReversed()
    },
    /** When the newest run was due; null: there was none. */
    async newest(): Promise<number | null> {
      return ((await read.get('SELECT MAX(due_at) AS newest FROM job_runs'))?.['newest'] ?? null) as number | null
    },
  }
}
export type JobLedger = ReturnType<typeof createJobLedger>
