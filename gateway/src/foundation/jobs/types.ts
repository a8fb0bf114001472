import type { AgentId, ChatRef, JobSchedule, JobTimes, Origin, PrincipalId, SenderId, SessionKey, ThinkingLevel } from '@moltbot/contract'

/** One thing a person has done at set times. */
export interface Job {
  id: string
  /** Whose it is: it runs with what they may then. */
  principal: PrincipalId
  agent: AgentId
  name: string
  description: string | null
  enabled: boolean
  schedule: JobSchedule
  /** What the assistant is told. */
  text: string
  /** `isolated`: each run in a conversation of its own that begins empty. `main`: in the conversation it was asked for in. */
  target: 'main' | 'isolated'
  /** Where results are told, fixed when it was made. Null: nowhere, they stay in the conversation of the job. */
  chat: ChatRef | null
  /** Who its person is there. */
  sender: SenderId
  /** The conversation it was made in. Null: it was made outside of any. */
  madeIn: SessionKey | null
  /** Whose words steered the turn that made or changed it. Null: nobody's but its person's. It never becomes less. */
  origin: Origin | null
  model: string | null
  thinking: ThinkingLevel | null
  timeoutMs: number | null
  /** Of a job that is due once: it goes when it is done. */
  deleteAfterRun: boolean
  /** What is done about a moment that passed while nobody was there. Null: as configured. */
  catchUp: 'once' | 'skip' | null
  /** Epoch ms; null: there is none. */
  nextAt: number | null
  /** In a row. */
  failures: number
  /** Why the gateway switched it off; null: it did not. */
  stoppedWhy: string | null
  createdAt: number
  updatedAt: number
}

/** `waiting`: its time has come. `begun`: it was handed to the route. `skipped`: it was not done, and `words` says why. */
export type JobRunState = 'waiting' | 'begun' | 'ok' | 'silent' | 'failed' | 'stopped' | 'skipped'

/** One moment at which a job was due, and what came of it. Every such moment has exactly one. */
export interface JobRun {
  id: string
  job: string
  /** The job's name then. */
  name: string
  principal: PrincipalId
  /** Epoch ms. */
  dueAt: number
  /** `late`: the gateway was away when it was due. `retry`: it failed before. `asked`: a person wanted it at once. */
  kind: 'due' | 'late' | 'retry' | 'asked'
  state: JobRunState
  /** For how many further moments that passed it stands; counted up to 100. */
  missed: number
  /** Its conversation, and the one it reports to; null until it is begun. */
  session: SessionKey | null
  home: SessionKey | null
  /** Who asked for it; null: nobody. */
  by: PrincipalId | null
  startedAt: number | null
  endedAt: number | null
  /** What came of it, in at most 1,000 characters. */
  words: string
}

export interface JobFacts extends Job {
  /** For people. */
  when: string
  /** Since when it is worked on; null: it is not. */
  runningAt: number | null
  last: JobRun | null
}

/** A job as it is asked for. What is absent is as usual. */
export interface NewJob {
  name?: string | undefined
  description?: string | undefined
  text: string
  times: JobTimes | { schedule: JobSchedule }
  agent: AgentId
  target?: Job['target'] | undefined
  chat: ChatRef | null
  sender: SenderId
  madeIn?: SessionKey | undefined
  origin?: Origin | undefined
  model?: string | undefined
  thinking?: ThinkingLevel | undefined
  timeoutMs?: number | undefined
  deleteAfterRun?: boolean | undefined
  catchUp?: Job['catchUp'] | undefined
  enabled?: boolean | undefined
}

/** What is absent stays. */
export type JobChanges = Partial<Pick<Job, 'name' | 'description' | 'text' | 'target' | 'chat' | 'sender' | 'agent' | 'model' | 'thinking' | 'timeoutMs' | 'deleteAfterRun' | 'catchUp' | 'enabled'>> & { times?: NewJob['times']; origin?: Origin | undefined }

export type JobChange = { kind: 'added' | 'updated' | 'removed'; job: Job } | { kind: 'started' | 'finished'; run: JobRun; nextAt: number | null }

/** Who asks. `all`: they may see and change everybody's; without it only their own are there. */
export interface JobAsker { principal: PrincipalId; all: boolean }

export interface JobsDoor {
  /** Whether jobs run at all now. */
  running(): boolean
  /** Jobs, the one that is due first at the top, those that are off at the end. */
  list(who: JobAsker): Promise<JobFacts[]>
  /** Rejects with `Problem('job-unknown')`, also for one that is not theirs. */
  get(id: string, who: JobAsker): Promise<JobFacts>
  /** Rejects with `Problem('jobs-full')`, `job-times`, `job-zone`, `job-text`, `job-model`. */
  add(job: NewJob, who: JobAsker): Promise<JobFacts>
  update(id: string, changes: JobChanges, who: JobAsker): Promise<JobFacts>
  /** False: there was none. What is under way still ends. */
  remove(id: string, who: JobAsker): Promise<boolean>
  /** Has it done at once. `due`: only if it is due. */
  run(id: string, who: JobAsker, mode: 'force' | 'due' | 'if-enabled'): Promise<'begun' | 'not-due' | 'disabled' | 'already-running'>
  /** The newest, oldest first. */
  runs(query: { job?: string | undefined; limit: number }, who: JobAsker): Promise<JobRun[]>
  /** Returns how to stop. */
  onChange(listener: (change: JobChange) => void): () => void
}
