import { defineSection } from '@moltbot/contract'
import { Type, type Static } from 'typebox'

/** What people have done at set times. */
export const cronSection = defineSection({
  path: 'cron',
  title: 'Jobs at set times',
  reload: 'hot',
  schema: Type.Object({
    enabled: Type.Boolean({ default: true, description: 'Whether jobs run. Off: they stay, and nothing is due; what was due meanwhile counts as missed when it is on again.' }),
    maxConcurrentRuns: Type.Integer({ default: 1, minimum: 1, maximum: 10, description: 'How many jobs are worked on at the same time. The others wait, the longest due first.' }),
    skipMissedJobs: Type.Boolean({ default: false, description: 'What a job does whose time passed while the gateway was away, where the job itself does not say: false does it once, late; true leaves it out and writes that down.' }),
    jobsMax: Type.Integer({ default: 50, minimum: 1, maximum: 1_000, description: 'How many jobs one person may have.' }),
    failuresMax: Type.Integer({ default: 10, minimum: 1, maximum: 100, description: 'After so many failures in a row a job is switched off, and its person told.' }),
  }, { default: {}, description: 'Jobs at set times.' }),
})
export type CronConfig = Static<typeof cronSection.schema>
