import {
  Problem, describeError, handedOver, leastTrusted, silentToken, type ChatRef, type Clock, type IncomingMessage, type Logger, type NewId, type Origin, type PlatformMessageId, type Principal, type PrincipalId, type SessionKey, type Store, type TurnOutcome, type Tx,
} from '@moltbot/contract'
import type { CronConfig } from './config.ts'
import { jobGrants } from './job-grants.ts'
import { createJobLedger } from './ledger.ts'
import { checkSchedule, countDue, momentWords, nextAfter, readTimes, scheduleWords } from './times.ts'
import type { Job, JobAsker, JobChange, JobChanges, JobFacts, JobRun, JobRunState, JobsDoor, NewJob } from './types.ts'

/** How the work of a run ended, as the gateway saw it. */
export interface EndedWork {
  /** The message's end state; null: it is still on its way. */
  end: string | null
  detail: string | null
  outcome: TurnOutcome['kind'] | null
  text: string
  /** Calls that changed something, whether they came about or not. */
  acted: boolean
  /** Something that was asked for did not come about. */
  undone: boolean
  /** Its time was up. */
  timedOut: boolean
}

/** What this needs of other rooms, as functions handed in by `main.ts`. */
export interface JobsNeeds {
  settings(): CronConfig
  /** The owner's zone, or the machine's. */
  zone(): string
  /** Nothing begins. */
  held(): boolean
  record(tx: Tx, entry: { act: `job.${string}`; principal: PrincipalId; subject: string; outcome: 'done'; reason: string; facts?: Record<string, unknown> }): Promise<void>
  /** Puts a message on the route; the same id is one message. Rejects when it is not taken. */
  receive(message: IncomingMessage): Promise<void>
  /** How a message handed over here ended; undefined: it was never accepted. */
  outcomeOf(id: PlatformMessageId): Promise<EndedWork | undefined>
  /** Calls back with the ids of messages that got their end. */
  onEnded(listener: (id: string) => void): void
  /** Where a conversation of the gateway's own takes place; undefined: every way in of its own is switched off. */
  ownPlace(session: SessionKey): ChatRef | undefined
  /** The conversation that belongs to a place. */
  homeOf(job: Job): Promise<SessionKey>
  /** Begins a conversation afresh, where there is one and nobody is at work in it. */
  refresh(session: SessionKey): Promise<void>
  abort(session: SessionKey): Promise<unknown>
  /** Whose words stand in a conversation. */
  labelOf(session: SessionKey): Promise<Origin | undefined>
  /** Keeps words in a transcript for the next turn. */
  inject(session: SessionKey, text: string, origin: Origin | undefined): Promise<unknown>
  /** Tells words in a chat, or the owner where there is none; the same key is told once. */
  tell(chat: ChatRef | null, markdown: string, principal: PrincipalId, key: string): void
  /** A model by name; undefined: unknown. */
  model(name: string): string | undefined
  principal(id: PrincipalId): Promise<Principal | undefined>
  /** Takes credentials out of what is shown. */
  mask(text: string): string
}

export interface JobsRoom extends JobsDoor {
  grant: ReturnType<typeof jobGrants>
  /** Takes up what a dead gateway left, and begins to watch the time. Called once, after the journey's own. */
  start(): Promise<void>
  /** Something else than time changed: the configuration, or everything goes on after a pause. */
  wake(): void
  /** Ends what runs elsewhere for a conversation that is ended. Resolves with how many runs belong to it. */
  stop(session: SessionKey): Promise<number>
  close(): Promise<void>
}

export const textLengthMax = 8_000
const nameLengthMax = 100
const wordsMax = 1_000
/** Later than this a run says so. */
const lateAfterMs = 60_000
/** What was to be done once, and longer ago than this, is told as missed and not done any more. */
const onceLateMaxMs = 24 * 3_600_000
/** The time is looked at this often at least: machines sleep, and their time is set. */
const lookEveryMs = 30_000
/** A look that failed is repeated after this long. */
const againAfterMs = 5_000
const missedMax = 100
/** How long after a failure it is tried again. */
const retryAfterMs = [30_000, 60_000, 300_000, 900_000, 3_600_000] as const
const sessionOf = (job: Pick<Job, 'id' | 'agent'>): SessionKey => `agent:${job.agent}:cron:${job.id}` as SessionKey
const messagePrefix = 'job-'
const messageOf = (run: Pick<JobRun, 'id'>): PlatformMessageId => `${messagePrefix}${run.id}` as PlatformMessageId

export function createJobs(options: { store: Store; clock: Clock; newId: NewId; log: Logger; needs: JobsNeeds }): JobsRoom {
  const { store, clock, newId, log, needs } = options
  const ledger = createJobLedger(store)
  const listeners = new Set<(change: JobChange) => void>()
  let closed = false
  let started = false
  let lastLook = 0
  let cancelTimer: (() => void) | undefined
  /** The last look failed. */
  let troubled = false
  let chain: Promise<unknown> = Promise.resolve()

  const now = (): number => Math.trunc(clock.now())
  const tell = (change: JobChange): void => {
    for (const listener of listeners) listener(change)
  }
  const tellRun = async (kind: 'started' | 'finished', id: string): Promise<void> => {
    const run = await ledger.run(id)
    if (run !== undefined) tell({ kind, run, nextAt: (await ledger.get(run.job))?.nextAt ?? null })
  }

  /** One thing after the other: nothing that looks at the time meets another that does. */
  function inOrder<T>(work: () => Promise<T>): Promise<T> {
    const done = chain.then(work)
    chain = done.catch(() => undefined)
    return done
  }

  function wake(): void {
    if (!started || closed) return
    inOrder(look).then(() => { troubled = false }, (error: unknown) => {
      troubled = true
      log.error('What is due could not be looked at; it is tried again.', { error: describeError(error) })
    }).finally(() => void arm())
  }

  async function arm(): Promise<void> {
    if (closed) return
    let next: number | null
    try {
      next = await ledger.nextDue()
    } catch (error) {
      log.error('When the next job is due could not be read; it is tried again.', { error: describeError(error) })
      troubled = true
      next = now()
    }
    if (closed) return
    cancelTimer?.()
    cancelTimer = undefined
    // Nothing to wait for, or nothing that begins before somebody says so.
    if (next === null || needs.held() || !needs.settings().enabled) return
    cancelTimer = clock.after(Math.min(lookEveryMs, Math.max(next - now(), troubled ? againAfterMs : 1)), wake)
  }

  /** Everything whose time has come gets its run. */
  async function look(): Promise<void> {
    if (closed || needs.held() || !needs.settings().enabled) return
    const at = now()
    if (at + 1_000 < lastLook) await rewind(at)
    lastLook = at
    for (const job of await ledger.due(at)) await claim(job, at)
    await pump()
  }

  /** The clock was set back: what was moved far ahead by a wrong time comes again at its next moment that had no run yet. */
  async function rewind(at: number): Promise<void> {
    for (const job of await ledger.list(undefined)) {
      if (!job.enabled || job.nextAt === null || job.schedule.kind === 'at') continue
      let next = await nextAfter(job.schedule, at)
      for (let tries = 0; next !== null && tries < 1_000 && (await ledger.hasRun(job.id, next)); tries += 1) next = await nextAfter(job.schedule, next)
      const earlier = next
      if (earlier !== null && earlier < job.nextAt) await store.transaction((tx) => ledger.moveOn(tx, job, earlier))
    }
  }

  /** Writes down the run of a moment that has come, and when it comes next. Both or nothing: a moment has exactly one run, whatever dies. */
  async function claim(job: Job, at: number): Promise<void> {
    const due = job.nextAt ?? at
    const isOnce = job.schedule.kind === 'at'
    const next = isOnce ? null : await nextAfter(job.schedule, at)
    const missed = isOnce ? 0 : await countDue(job.schedule, due, at, missedMax)
    const isLate = at - due > lateAfterMs
    const rule = job.catchUp ?? (needs.settings().skipMissedJobs ? 'skip' : 'once')
    const isRetry = job.failures > 0 && !(await isMoment(job, due))
    const open = await ledger.open()
    const skipped = open.some((run) => run.job === job.id) ? 'The run before was still under way.'
      : isLate && !isOnce && rule === 'skip' ? 'The gateway was away; a missed run is left out.'
        : isOnce && (at - due > onceLateMaxMs || (isLate && rule === 'skip')) ? `It was due ${momentWords(due, needs.zone())}, and the gateway was away.`
          : undefined
    const run: JobRun = {
      id: newId('jr'), job: job.id, name: job.name, principal: job.principal, dueAt: due, kind: isLate ? 'late' : isRetry ? 'retry' : 'due', state: skipped === undefined ? 'waiting' : 'skipped', missed, session: null, home: null, by: null,
      startedAt: null, endedAt: skipped === undefined ? null : at, words: skipped ?? '',
    }
    const isNew = await store.transaction(async (tx) => {
      if (!(await ledger.moveOn(tx, job, next))) return false
      const added = await ledger.addRun(tx, run)
      if (added && skipped !== undefined && isOnce) await ledger.put(tx, { ...job, nextAt: null, enabled: false, stoppedWhy: skipped, updatedAt: at })
      return added
    })
    if (!isNew || skipped === undefined) return
    tell({ kind: 'finished', run, nextAt: next })
    if (isOnce) needs.tell(job.chat, `⏰ Missed: “${plainLine(job.name)}”. ${skipped} It was not done.`, job.principal, `job-missed/${run.id}`)
  }

  const isMoment = async ({ schedule }: Job, at: number): Promise<boolean> => (schedule.kind === 'at' ? schedule.atMs === at : (await nextAfter(schedule, at - 1)) === at)

  /** Hands over what waits, the longest due first, as long as there is room. */
  async function pump(): Promise<void> {
    while (!closed && !needs.held()) {
      const open = await ledger.open()
      const run = open.find(({ state }) => state === 'waiting')
      if (run === undefined || open.filter(({ state }) => state === 'begun').length >= needs.settings().maxConcurrentRuns) return
      await begin(run)
    }
  }

  async function begin(run: JobRun): Promise<void> {
    const job = await ledger.get(run.job)
    if (job === undefined) return finish(run, { state: 'skipped', words: 'The job was removed.' })
    const home = await needs.homeOf(job)
    const session = job.target === 'main' ? home : sessionOf(job)
    await store.transaction((tx) => ledger.begin(tx, run.id, { session, home, at: now() }))
    await tellRun('started', run.id)
    await handOver(job, { ...run, session, home })
  }

  async function handOver(job: Job, run: JobRun): Promise<void> {
    try {
      if ((await needs.outcomeOf(messageOf(run))) === undefined) {
        if (job.target === 'isolated' && run.session !== null) await needs.refresh(run.session)
        await needs.receive(messageFor(job, run))
      }
      await conclude(messageOf(run))
    } catch (error) {
      await finish(run, { state: 'failed', words: error instanceof Problem ? error.explain() : describeError(error), retry: true })
    }
  }

  function messageFor(job: Job, run: JobRun): IncomingMessage {
    const session = run.session ?? sessionOf(job)
    const chat = job.chat ?? needs.ownPlace(session)
    if (chat === undefined) throw new Problem('door-closed', 'Every way in of this gateway\'s own is switched off, and a job without a chat is worked on by one.', { next: 'Switch channels.web or channels.terminal on in the configuration.' })
    const zone = job.schedule.kind === 'cron' ? job.schedule.tz : needs.zone()
    const lead = [
      `[Your person's job “${plainLine(job.name)}”, ${run.kind === 'asked' ? 'which they want done now' : `due ${momentWords(run.dueAt, zone)}`}${run.kind === 'late' ? `; it is late, because the gateway was away${run.missed > 0 ? `, and stands for ${run.missed >= missedMax ? `${missedMax} or more` : run.missed} further times` : ''}` : ''}.`,
      `Nobody wrote just now. What you answer is told to them; nothing worth telling: ${silentToken}.]`,
    ].join(' ')
    return {
      id: messageOf(run), chat, sender: { id: job.sender }, sentAt: run.kind === 'asked' ? now() : run.dueAt, attachments: [], mentioned: 'yes', session, job: { id: job.id, dueAt: run.dueAt },
      text: `${job.origin === null ? '' : `${handedOver}${job.madeIn ?? session}]\n`}${lead}\n\n${job.text}`,
      wishes: { commands: false, ...(job.model === null ? {} : { model: job.model }), ...(job.thinking === null ? {} : { thinking: job.thinking }), ...(job.timeoutMs === null ? {} : { timeoutMs: job.timeoutMs }) },
      ...(job.origin === null ? {} : { origin: job.origin }),
    }
  }

  needs.onEnded((id) => {
    if (!id.startsWith(messagePrefix) || closed) return
    inOrder(async () => {
      await conclude(id as PlatformMessageId)
      await pump()
    }).catch((error: unknown) => log.error('The end of a job could not be written down; the next start does.', { message: id, error: describeError(error) })).finally(() => void arm())
  })

  /** Writes down how a run ended, once its message has its end. */
  async function conclude(message: PlatformMessageId): Promise<void> {
    const run = await ledger.run(message.slice(messagePrefix.length))
    if (run === undefined || run.state !== 'begun') return
    const work = await needs.outcomeOf(message)
    if (work === undefined || work.end === null) return
    await report(run, work)
    const state = stateOf(work)
    const words = needs.mask(work.text.trim() === '' ? (work.detail ?? '') : work.text.trim())
    await finish(run, work.end === 'denied'
      ? { state, words: `It may not speak there any more: ${words}.`, shutOut: true }
      : { state, words: state === 'silent' ? '' : words, retry: !work.acted && !work.undone })
  }

  /** What was told is known in the conversation it was asked for in: whoever answers to it is understood. */
  async function report({ session, home }: JobRun, { text, outcome }: EndedWork): Promise<void> {
    if (session === null || home === null || session === home || text.trim() === '' || outcome !== 'answered') return
    try {
      await needs.inject(home, `${handedOver}${session}]\n${needs.mask(text).slice(0, 3_000)}`, await needs.labelOf(session))
    } catch (error) {
      // There is no such conversation (any more): its chat was told.
      log.debug('What a job said is not kept in another conversation.', { home, error: describeError(error) })
    }
  }

  /** Ends a run, once, and draws its consequences for the job in the same commit. `retry`: nothing was changed by it, so it may be done again. */
  async function finish(run: JobRun, how: { state: JobRunState; words: string; retry?: boolean; shutOut?: boolean }): Promise<void> {
    const at = now()
    let notice: { job: Job; words: string } | undefined
    const isFirst = await store.transaction(async (tx) => {
      notice = undefined
      if (!(await ledger.end(tx, run.id, how.state, how.words.slice(0, wordsMax), at))) return false
      const job = await ledger.get(run.job, tx)
      if (job === undefined) return true
      const isOnce = job.schedule.kind === 'at'
      const mine = isOnce && job.nextAt === null && run.kind !== 'asked'
      switch (how.state) {
        case 'ok': case 'silent':
          if (mine && job.deleteAfterRun) await ledger.remove(tx, job.id)
          else await ledger.put(tx, { ...job, failures: 0, ...(mine ? { enabled: false } : {}) })
          break
        case 'failed': {
          if (run.kind === 'asked' && how.shutOut !== true) break
          const failures = job.failures + 1
          const wait = how.retry === true ? retryAfterMs[failures - 1] : undefined
          const again = wait === undefined ? null : at + wait
          const why = how.shutOut === true ? how.words
            : failures >= needs.settings().failuresMax ? `It failed ${failures} times in a row, the last time so: ${how.words}`
              : mine && again === null ? how.words : undefined
          if (why === undefined) await ledger.put(tx, { ...job, failures, nextAt: again === null ? job.nextAt : Math.min(job.nextAt ?? again, again) })
          else {
            await ledger.put(tx, { ...job, failures, enabled: false, nextAt: null, stoppedWhy: why.slice(0, 500), updatedAt: at })
            if (!mine || how.shutOut === true || failures > 1) notice = { job, words: why }
          }
          break
        }
        case 'stopped': case 'skipped':
          if (mine) await ledger.put(tx, { ...job, enabled: false, stoppedWhy: how.words, updatedAt: at })
          break
        default: break
      }
      return true
    })
    if (!isFirst) return
    await tellRun('finished', run.id)
    if (notice === undefined) return
    const { job, words } = notice
    needs.tell(how.shutOut === true ? null : job.chat, `⏰ I switched the job “${plainLine(job.name)}” off. ${plainLine(needs.mask(words)).slice(0, 400)}\n\nTo have it again: \`moltbot cron enable ${job.id}\``, job.principal, `job-off/${run.id}`)
  }

  // ---- what people ask

  const unknown = (): Problem => new Problem('job-unknown', 'There is no such job.', { next: 'See them: moltbot cron list' })

  async function owned(id: string, { principal, all }: JobAsker): Promise<Job> {
    const job = await ledger.get(id)
    if (job === undefined || (!all && job.principal !== principal)) throw unknown()
    return job
  }

  async function factsOf(job: Job, open: readonly JobRun[]): Promise<JobFacts> {
    const running = open.find((run) => run.job === job.id && run.state === 'begun')
    return { ...job, when: scheduleWords(job.schedule, needs.zone()), runningAt: running?.startedAt ?? null, last: (await ledger.lastOf(job.id)) ?? null }
  }

  const scheduleOf = (times: NewJob['times'], at: number): Promise<Job['schedule']> => ('schedule' in times ? checkSchedule(times.schedule, at) : readTimes(times, { now: at, zone: needs.zone() }))

  function checkedText(text: string): string {
    if (text.trim() === '' || text.length > textLengthMax) throw new Problem('job-text', `What is to be done has 1 to ${textLengthMax} characters.`)
    return text
  }
  function checkedModel(name: string | null | undefined): string | null {
    if (name === null || name === undefined) return null
    const model = needs.model(name)
    if (model === undefined) throw new Problem('job-model', `There is no model "${name.slice(0, 80)}".`, { next: 'See them: moltbot models list' })
    return model
  }

  async function add(given: NewJob, who: JobAsker): Promise<JobFacts> {
    const at = now()
    const text = checkedText(given.text)
    const schedule = await scheduleOf(given.times, at)
    const enabled = given.enabled !== false
    const job: Job = {
      id: newId('job').toLowerCase(), principal: who.principal, agent: given.agent, name: nameOf(given.name, text), description: given.description?.slice(0, 500) ?? null, enabled, schedule, text, target: given.target ?? 'isolated', chat: given.chat,
      sender: given.sender, madeIn: given.madeIn ?? null, origin: given.origin ?? null, model: checkedModel(given.model), thinking: given.thinking ?? null, timeoutMs: given.timeoutMs ?? null,
      deleteAfterRun: schedule.kind === 'at' && given.deleteAfterRun !== false, catchUp: given.catchUp ?? null, nextAt: enabled ? await firstAfter(schedule, at) : null, failures: 0, stoppedWhy: null, createdAt: at, updatedAt: at,
    }
    await store.transaction(async (tx) => {
      const most = needs.settings().jobsMax
      if ((await ledger.count(tx, who.principal)) >= most) throw new Problem('jobs-full', `There are ${most} jobs already, which is as many as one person may have.`, { next: 'Remove one: moltbot cron list' })
      await ledger.put(tx, job)
      await needs.record(tx, { act: 'job.added', principal: who.principal, subject: job.id, outcome: 'done', reason: 'asked for', facts: { when: scheduleWords(schedule, needs.zone()), origin: job.origin, session: job.madeIn } })
    })
    tell({ kind: 'added', job })
    await arm()
    return factsOf(job, [])
  }

  /** A moment that went by while it was written down is due at once. */
  const firstAfter = async (schedule: Job['schedule'], at: number): Promise<number | null> => (schedule.kind === 'at' ? Math.max(schedule.atMs, at) : nextAfter(schedule, at))

  async function update(id: string, changes: JobChanges, who: JobAsker): Promise<JobFacts> {
    const at = now()
    const before = await owned(id, who)
    const { times, origin, enabled = before.enabled, model, text, name, ...plain } = changes
    const schedule = times === undefined ? before.schedule : await scheduleOf(times, at)
    const isAgain = enabled && (!before.enabled || times !== undefined)
    const isOver = isAgain && times === undefined && schedule.kind === 'at' && schedule.atMs < at - lateAfterMs
    if (isOver) throw new Problem('job-times', 'Its time is over.', { next: 'Give it a new one.' })
    const first = isAgain ? await firstAfter(schedule, at) : null
    const made = await store.transaction(async (tx) => {
      const now = await ledger.get(id, tx)
      if (now === undefined) throw unknown()
      const job: Job = {
        ...now, ...(Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined)) as Partial<Job>), schedule, enabled, origin: leastTrusted([now.origin ?? undefined, origin]) ?? null,
        ...(text === undefined ? {} : { text: checkedText(text) }), ...(name === undefined ? {} : { name: nameOf(name, now.text) }), ...(model === undefined ? {} : { model: checkedModel(model) }),
        ...(isAgain ? { nextAt: first, failures: 0, stoppedWhy: null } : enabled ? {} : { nextAt: null }), ...(times !== undefined && schedule.kind === 'at' && changes.deleteAfterRun === undefined && now.schedule.kind !== 'at' ? { deleteAfterRun: true } : {}), updatedAt: at,
      }
      await ledger.put(tx, job)
      await needs.record(tx, { act: 'job.changed', principal: who.principal, subject: id, outcome: 'done', reason: 'asked for', facts: { when: scheduleWords(schedule, needs.zone()), enabled, origin: job.origin } })
      return job
    })
    tell({ kind: 'updated', job: made })
    await arm()
    return factsOf(made, await ledger.open())
  }

  async function stop(session: SessionKey): Promise<number> {
    const open = (await ledger.open()).filter((run) => run.home === session || run.session === session)
    // What works in the conversation itself is ended by whoever ends that.
    for (const run of open) if (run.session !== null && run.session !== session) await needs.abort(run.session)
    return open.length
  }

  async function remove(id: string, who: JobAsker): Promise<boolean> {
    let job: Job
    try {
      job = await owned(id, who)
    } catch {
      // Gone, or never theirs: to whoever asks it is the same.
      return false
    }
    const removed = await store.transaction(async (tx) => {
      const was = await ledger.remove(tx, id)
      if (was) await needs.record(tx, { act: 'job.removed', principal: who.principal, subject: id, outcome: 'done', reason: 'asked for' })
      return was
    })
    if (!removed) return false
    tell({ kind: 'removed', job })
    return true
  }

  async function runNow(id: string, who: JobAsker, mode: 'force' | 'due' | 'if-enabled'): Promise<'begun' | 'not-due' | 'disabled' | 'already-running'> {
    const result = await inOrder(async () => {
      const job = await owned(id, who)
      const at = now()
      if (mode !== 'force' && !job.enabled) return 'disabled' as const
      if (mode === 'due' && (job.nextAt === null || job.nextAt > at)) return 'not-due' as const
      if (needs.held()) throw new Problem('gateway-held', 'Everything is paused.', { next: 'Set it going again first: moltbot resume' })
      if ((await ledger.open()).some((run) => run.job === id)) return 'already-running' as const
      await store.transaction(async (tx) => {
        await needs.record(tx, { act: 'job.asked', principal: who.principal, subject: id, outcome: 'done', reason: 'asked for' })
        const run: JobRun = { id: newId('jr'), job: id, name: job.name, principal: job.principal, dueAt: at, kind: 'asked', state: 'waiting', missed: 0, session: null, home: null, by: who.principal, startedAt: null, endedAt: null, words: '' }
        // Two within a millisecond: the next one is free.
        while (!(await ledger.addRun(tx, run))) run.dueAt += 1
      })
      return 'begun' as const
    })
    if (result === 'begun') await inOrder(pump)
    return result
  }

  const door: JobsDoor = {
    running: () => needs.settings().enabled && !needs.held(),
    async list({ principal, all }) {
      const [jobs, open] = [await ledger.list(all ? undefined : principal), await ledger.open()]
      const facts = await Promise.all(jobs.map((job) => factsOf(job, open)))
      return facts.toSorted((a, b) => (a.nextAt ?? Number.POSITIVE_INFINITY) - (b.nextAt ?? Number.POSITIVE_INFINITY) || a.name.localeCompare(b.name))
    },
    get: async (id, who) => factsOf(await owned(id, who), await ledger.open()),
    add, update, remove,
    run: runNow,
    runs: ({ job, limit }, { principal, all }) => ledger.runs({ job, principal: all ? undefined : principal, limit }),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }

  return {
    ...door,
    grant: jobGrants({ door, zone: needs.zone, at: (at) => momentWords(at, needs.zone()) }),
    async start() {
      started = true
      await inOrder(async () => {
        lastLook = Math.max(now(), (await ledger.newest()) ?? 0)
        for (const run of await ledger.open()) {
          if (run.state !== 'begun') continue
          const job = await ledger.get(run.job)
          if (job !== undefined) await handOver(job, run)
          else if ((await needs.outcomeOf(messageOf(run))) === undefined) await finish(run, { state: 'skipped', words: 'The job was removed.' })
          else await conclude(messageOf(run))
        }
      })
      wake()
    },
    wake,
    stop,
    async close() {
      closed = true
      cancelTimer?.()
      await chain
    },
  }
}

function stateOf({ end, outcome, undone, timedOut }: EndedWork): JobRunState {
  // It was let go before anybody worked on it.
  if (outcome === null) return end === 'silent' ? 'stopped' : 'failed'
  if (outcome === 'aborted') return timedOut ? 'failed' : 'stopped'
  if (outcome === 'failed' || outcome === 'limit' || end === 'failed' || undone) return 'failed'
  return outcome === 'silent' ? 'silent' : 'ok'
}

/** What it is called: its own name, or its first words. */
function nameOf(given: string | undefined, text: string): string {
  const name = plainLine(given ?? '')
  return (name === '' ? plainLine(text).slice(0, 60).trim() : name).slice(0, nameLengthMax).toWellFormed()
}

/** One line in which nothing hides or formats. */
function plainLine(text: string): string {
  return text.replaceAll(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ').replaceAll(/[[\]<>`*_~|“”]/g, '\'').trim()
}
