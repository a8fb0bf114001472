import { createHash } from 'node:crypto'
import { Problem, describeError, reviewFacts, severities, type Finding, type HouseJob, type HouseRun, type Review, type ReviewOptions, type Severity } from '@moltbot/contract'
import { takeFacts } from './facts.ts'
import type { ReviewDoor, ReviewSummary, Rooms } from './rooms.ts'

/** Looks at this installation with every check, or with the few essential ones. Changes nothing. Throws `Problem('review-missing')`. */
export async function reviewNow(rooms: Rooms, { deep, quick }: ReviewOptions): Promise<Review> {
  const parts = rooms.review
  if (parts === undefined) throw new Problem('review-missing', 'This gateway was built without the review.', { next: 'Build it again: npm run build' })
  const port = parts.port()
  const facts = await takeFacts({
    version: rooms.version, stateDir: rooms.stateDir, config: rooms.config, channels: rooms.channels, clock: rooms.clock, machine: parts.machine, vault: parts.vault(), vaultKeyFile: parts.vaultKeyFile,
    // A gateway that runs has read it.
    secretsFault: null, rooms, deep, ...(parts.logLink === undefined ? {} : { logLink: parts.logLink }), ...(port === undefined ? {} : { port }),
  })
  return reviewFacts(quick ? parts.checks.filter((check) => check.quick === true) : parts.checks, facts)
}

/** The review that nobody has to ask for. */
export interface ReviewKeeper extends ReviewDoor {
  job: HouseJob
  /** Looks a little after the start, so that nobody waits for it, and then once a day. */
  start(): Promise<void>
  /** Resolves when a look that was under way has ended. */
  close(): Promise<void>
}

const firstAfterMs = 20_000
const dayMs = 86_400_000
/** A message names this many; the rest is counted. */
const namedMax = 5

/**
 * Looks by itself and keeps what was found last. A critical finding is told once, in the log, in the record and to the owner, and again
 * only after it was gone. `tellOwner` resolves with false when there is nowhere to tell it: then the next look tries again. `ran` takes down what it did by itself.
 */
export function createReviewKeeper(options: { rooms: Rooms; tellOwner(words: string, key: string): Promise<boolean>; ran(run: HouseRun): Promise<void> }): ReviewKeeper {
  const { rooms, tellOwner, ran } = options
  const { store, clock, audit } = rooms
  const log = rooms.log.child('review')
  const listeners = new Set<() => void>()
  let summary: ReviewSummary | undefined
  let cancel = (): void => undefined
  let closed = false
  let working: Promise<unknown> = Promise.resolve()

  async function keep(review: Review): Promise<void> {
    const criticals = review.findings.filter(({ severity }) => severity === 'critical')
    const now = new Map(criticals.map((finding) => [nameOf(finding), finding]))
    const { fresh, gone, untold } = await store.transaction(async (tx) => {
      const row = await tx.get<{ noted: string; told: string }>('SELECT noted, told FROM last_review WHERE id = 1')
      const noted = names(row?.noted)
      const told = names(row?.told).filter((name) => now.has(name))
      const changes = {
        fresh: [...now].filter(([name]) => !noted.includes(name)).map(([, finding]) => finding),
        gone: noted.filter((name) => !now.has(name)),
        untold: [...now.keys()].filter((name) => !told.includes(name)),
      }
      for (const { check, subject, evidence } of changes.fresh) await audit.append(tx, { act: 'check.found', principal: null, subject: check, outcome: 'failed', reason: evidence, facts: { subject, severity: 'critical' } })
      for (const name of changes.gone) await audit.append(tx, { act: 'check.cleared', principal: null, subject: name.split(' ')[0] ?? name, outcome: 'done', reason: 'not found any more', facts: { subject: name.slice(name.indexOf(' ') + 1) } })
      await tx.run(
        'INSERT INTO last_review (id, taken_at, review, noted, told) VALUES (1, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET taken_at = excluded.taken_at, review = excluded.review, noted = excluded.noted, told = excluded.told',
        review.takenAt, JSON.stringify(review), JSON.stringify([...now.keys()]), JSON.stringify(told),
      )
      return changes
    })
    for (const { check, subject, evidence, remedy } of fresh) log.error('Something is critical for security.', { check, subject, evidence, remedy })
    const before = summary
    summary = summaryOf(review)
    if (fresh.length + gone.length > 0 || before === undefined || severities.some((severity) => before[severity] !== summary?.[severity])) for (const listener of listeners) listener()
    if (untold.length === 0) return
    const told = untold.flatMap((name) => now.get(name) ?? [])
    // Not waited for: what is written to the outbox may take long to arrive.
    tellOwner(words(told), createHash('sha256').update(untold.toSorted().join('\n')).update(String(review.takenAt)).digest('hex').slice(0, 24))
      .then(async (sent) => {
        if (sent) await store.transaction(async (tx) => {
          const row = await tx.get<{ noted: string; told: string }>('SELECT noted, told FROM last_review WHERE id = 1')
          await tx.run('UPDATE last_review SET told = ? WHERE id = 1', JSON.stringify([...new Set([...names(row?.told), ...untold])].filter((name) => names(row?.noted).includes(name))))
        })
      })
      .catch((error: unknown) => { if (!closed) log.warn('The owner could not be told of what is critical.', { error: describeError(error) }) })
  }

  /** One at a time. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = working.then(work)
    working = next.catch(() => undefined)
    return next
  }

  /** What it found, in one sentence. */
  async function lookNow(): Promise<string> {
    const review = await reviewNow(rooms, { deep: false, quick: false })
    await keep(review)
    const { critical, warn, info } = summaryOf(review)
    return `${critical} critical, ${warn} to mend, ${info} to know.`
  }

  let nextAt: number | null = null
  const lookAfter = (delayMs: number): void => {
    nextAt = Math.trunc(clock.now() + delayMs)
    cancel = clock.after(delayMs, look)
  }

  function look(): void {
    lookAfter(dayMs)
    inTurn(async () => {
      if (closed) return
      const startedAt = clock.now()
      try {
        await ran({ startedAt, ok: true, words: await lookNow() })
      } catch (error) {
        log.error('The daily review could not be made.', { error: describeError(error) })
        await ran({ startedAt, ok: false, words: describeError(error) })
      }
    }).catch((error: unknown) => log.error('What came of the daily review could not be told.', { error: describeError(error) }))
  }

  return {
    job: {
      name: 'review', title: 'Security review', description: 'Looks at this installation with every check, and tells the owner what is critical.',
      plan: async () => ({ enabled: true, everyMs: dayMs, nextAt }),
      run: () => inTurn(lookNow),
    },
    summary: () => summary,
    async last() {
      const row = await store.read.get<{ review: string }>('SELECT review FROM last_review WHERE id = 1')
      return row === undefined ? undefined : JSON.parse(row.review) as Review
    },
    take: (review) => inTurn(() => keep(review)),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async start() {
      const last = await this.last()
      if (last !== undefined) summary = summaryOf(last)
      lookAfter(firstAfterMs)
    },
    async close() {
      closed = true
      cancel()
      await working
    },
  }
}

/** What makes a finding the same as yesterday's. Its evidence may count days or bytes and is not part of that. */
function nameOf({ check, subject }: Finding): string {
  return `${check} ${subject}`
}

function names(text: string | undefined): string[] {
  return text === undefined ? [] : JSON.parse(text) as string[]
}

function summaryOf(review: Review): ReviewSummary {
  const count = (severity: Severity): number => review.findings.filter((finding) => finding.severity === severity).length
  return { takenAt: review.takenAt, critical: count('critical'), warn: count('warn'), info: count('info') }
}

function words(findings: readonly Finding[]): string {
  const lines = findings.slice(0, namedMax).map(({ subject, evidence, remedy }) => `- ${subject}: ${evidence} ${remedy}`)
  const rest = findings.length - lines.length
  return ['🛡️ The security review found something critical:', '', ...lines, '', `${rest > 0 ? `And ${rest} more. ` : ''}All of it: \`moltbot security audit\``].join('\n')
}
