import { Problem } from '@moltbot/contract'
import type { HouseChange, HouseDoor, HouseJobFacts, HouseRunFacts } from '../../foundation/schedule/types.ts'

/** A schedule with two jobs, of which the second is off and never done by hand. */
export function fakeSchedule(now: number): HouseDoor & { runsMade: HouseRunFacts[]; busy: boolean; tell(change: HouseChange): void } {
  const run: HouseRunFacts = { job: 'sweep', by: 'owner' as never, asked: false, startedAt: now - 900, endedAt: now - 800, ok: false, words: 'The broom is gone.' }
  const jobs: HouseJobFacts[] = [
    { name: 'sweep', title: 'Sweeping', description: 'Sweeps the yard.', setting: 'yard.every', enabled: true, everyMs: 1_000, nextAt: now + 100, byHand: true, runningAt: null, last: run },
    { name: 'locks', title: 'Locks', description: 'Looks at every lock.', setting: null, enabled: false, everyMs: 5_000, nextAt: null, byHand: false, runningAt: null, last: null },
  ]
  const listeners = new Set<(change: HouseChange) => void>()
  const schedule = {
    runsMade: [run], busy: false,
    list: async () => jobs,
    runs: async ({ job, limit }: { job?: string; limit: number }) => schedule.runsMade.filter((each) => job === undefined || each.job === job).slice(-limit),
    async run(job: string, by: HouseRunFacts['by']) {
      if (!jobs.some(({ name }) => name === job)) throw new Problem('job-unknown', `There is no job "${job}".`)
      if (schedule.busy) return undefined
      const made: HouseRunFacts = { job, by, asked: true, startedAt: now, endedAt: now + 5, ok: true, words: 'Swept.' }
      schedule.runsMade.push(made)
      return made
    },
    onChange(listener: (change: HouseChange) => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    tell: (change: HouseChange) => listeners.forEach((listener) => listener(change)),
  }
  return schedule
}
