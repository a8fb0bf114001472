/** The target of `changes-gateway` when what changes are the jobs of whoever the turn belongs to, and nobody else's. */
export const ownJobs = 'your own jobs'

/** When a job is due. `at`: once. `every`: again and again, counted from `anchorMs`. `cron`: by a pattern of five or six fields in an IANA time zone. Times are epoch ms. */
export type JobSchedule = { kind: 'at'; atMs: number } | { kind: 'every'; everyMs: number; anchorMs: number } | { kind: 'cron'; expr: string; tz: string }

/** A moment as somebody writes it; exactly one of the three. `at`: an ISO time, or how long from now (`20m`). `every`: a length of time (`1h`). `tz` absent: the person's zone. */
export interface JobTimes { at?: string | undefined; every?: string | undefined; cron?: string | undefined; tz?: string | undefined }

/** A job in a line. `when` is for people: `every 1 h`, `2026-11-24 08:00 (Europe/Berlin)`. `next`: the same for the next run; null: there is none. `last`: how the last run ended, in words. */
export interface JobLine { id: string; name: string; text: string; when: string; next: string | null; enabled: boolean; last: string | null }

/** One run in a line. */
export interface JobRunLine { job: string; name: string; at: string; state: string; words: string }

/**
 * The grant `jobs`: what the person of the turn has the assistant do at set times. What is added here tells its results where it was asked for, and runs
 * with what its person may then, under the label of the turn that made it. Rejects with `Problem('job-unknown')`, `jobs-full`, `job-times`, and in the turn of a job with
 * `job-by-job` for everything but looking and removing: only people make jobs.
 */
export interface JobKeeper {
  list(): Promise<JobLine[]>
  add(job: JobTimes & { name?: string | undefined; text: string }): Promise<JobLine>
  update(id: string, changes: JobTimes & { name?: string | undefined; text?: string | undefined; enabled?: boolean | undefined }): Promise<JobLine>
  remove(id: string): Promise<void>
  /** Has it done at once; its result is told like any. False: it is being done already. */
  run(id: string): Promise<boolean>
  runs(id: string | undefined, limit: number): Promise<JobRunLine[]>
}
