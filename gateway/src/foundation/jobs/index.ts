/**
 * Jobs: what people have the assistant do at set times. It keeps who wants what when, hands each due moment to the route exactly once, whatever
 * dies in between, and writes down what came of it. It never runs anything itself, never decides what a job may do, and never makes up for
 * a long absence with more than one run.
 */
export { createJobs, type EndedWork, type JobsNeeds, type JobsRoom } from './create-jobs.ts'
export type { JobsSubject } from './job-grants.ts'
export { cronSection, type CronConfig } from './config.ts'
export { jobsMigration } from './ledger.ts'
export { momentWords } from './times.ts'
export type * from './types.ts'
