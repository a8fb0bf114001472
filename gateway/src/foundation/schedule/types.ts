import type { HouseRun, PrincipalId } from '@moltbot/contract'

/** `by`: who asked for it, or the owner, in whose name the gateway does what it does by itself. */
export interface HouseRunFacts extends HouseRun { job: string; by: PrincipalId; asked: boolean; endedAt: number }

export interface HouseJobFacts {
  name: string
  title: string
  description: string
  setting: string | null
  enabled: boolean
  everyMs: number
  /** Epoch ms. */
  nextAt: number | null
  /** Whether a person can have it done at once. */
  byHand: boolean
  /** Since when it is being done for a person; null: it is not. */
  runningAt: number | null
  last: HouseRunFacts | null
}

export type HouseChange = { kind: 'started'; job: string; at: number } | { kind: 'finished'; run: HouseRunFacts }

export interface HouseDoor {
  /** Every job, the one that is due first at the top, those that are off at the end. */
  list(): Promise<HouseJobFacts[]>
  /** The newest runs, oldest first, of one job or of all. */
  runs(query: { job?: string; limit: number }): Promise<HouseRunFacts[]>
  /** Has it done at once, and resolves when it is. Undefined: it is being done already. Throws `Problem('job-unknown')`, and `job-by-itself` for one that is never done by hand. */
  run(job: string, by: PrincipalId): Promise<HouseRunFacts | undefined>
  /** Returns how to stop. */
  onChange(listener: (change: HouseChange) => void): () => void
}
