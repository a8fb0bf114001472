import { Problem, type JobSchedule, type JobTimes } from '@moltbot/contract'

/** Nothing is done more often. */
export const intervalMinMs = 60_000
const intervalMaxMs = 366 * 86_400_000
/** Further ahead nobody means it. */
const aheadMaxMs = 100 * 366 * 86_400_000
/** A moment that just went by while somebody wrote it down is now. */
const justPastMs = 60_000
const patternLengthMax = 100

const units: readonly [RegExp, number][] = [
  [/^(s|sec|secs|second|seconds)$/, 1_000], [/^(m|min|mins|minute|minutes)$/, 60_000], [/^(h|hr|hrs|hour|hours)$/, 3_600_000], [/^(d|day|days)$/, 86_400_000], [/^(w|week|weeks)$/, 604_800_000],
]

/** `90s`, `20 minutes`, `1h30m`; undefined: it is none. */
export function readLength(text: string): number | undefined {
  const plain = text.trim().toLowerCase()
  if (!/^(\d{1,9}\s{0,9}[a-z]{1,9}\s{0,9})+$/.test(plain)) return undefined
  let sum = 0
  for (const [, count = '', unit = ''] of plain.matchAll(/(\d{1,9})\s{0,9}([a-z]{1,9})/g)) {
    const ms = units.find(([name]) => name.test(unit))?.[1]
    if (ms === undefined) return undefined
    sum += Number(count) * ms
  }
  return sum
}

/** The zone as the system writes it. Throws `Problem('job-zone')`. */
export function readZone(given: string): string {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone: given.trim() }).resolvedOptions().timeZone
  } catch (error) {
    throw new Problem('job-zone', `"${given.slice(0, 60)}" is not a time zone.`, { next: 'Use a name such as Europe/Berlin or UTC.', cause: error })
  }
}

const wrong = (sentence: string, next: string, cause?: unknown): Problem => new Problem('job-times', sentence, { next, ...(cause === undefined ? {} : { cause }) })

/** When a job is due, from what somebody wrote. `zone`: the person's. Rejects with `Problem('job-times')`, `job-zone`. */
export async function readTimes({ at, every, cron, tz }: JobTimes, { now, zone }: { now: number; zone: string }): Promise<JobSchedule> {
  if ([at, every, cron].filter((each) => each !== undefined).length !== 1) throw wrong('A job is due at one time, every so often, or by a pattern: exactly one of them.', 'Give one of at, every and cron.')
  const within = tz === undefined || tz.trim() === '' ? zone : readZone(tz)
  if (at !== undefined) return { kind: 'at', atMs: checkedMoment(await readMoment(at, now, within), now, at) }
  if (every !== undefined) {
    const everyMs = readLength(every)
    if (everyMs === undefined) throw wrong(`"${every.slice(0, 60)}" is not a length of time.`, 'Write it like 30m, 2h or 1d.')
    return checkedEvery({ kind: 'every', everyMs, anchorMs: now })
  }
  return checkedPattern(String(cron), within, now)
}

/** A schedule that a client put together, held to the same rules. */
export async function checkSchedule(schedule: JobSchedule, now: number): Promise<JobSchedule> {
  switch (schedule.kind) {
    case 'at': return { kind: 'at', atMs: checkedMoment(schedule.atMs, now, String(schedule.atMs)) }
    case 'every': return checkedEvery(schedule)
    case 'cron': return checkedPattern(schedule.expr, readZone(schedule.tz), now)
  }
}

function checkedMoment(atMs: number, now: number, given: string): number {
  if (!Number.isFinite(atMs) || atMs < now - justPastMs) throw wrong(`${given.slice(0, 60)} is over.`, 'Name a time to come, or how long from now: 20m.')
  if (atMs > now + aheadMaxMs) throw wrong(`${given.slice(0, 60)} is more than a hundred years away.`, 'Name a nearer time.')
  return Math.trunc(atMs)
}

function checkedEvery({ everyMs, anchorMs }: { kind: 'every'; everyMs: number; anchorMs: number }): JobSchedule {
  if (!Number.isFinite(everyMs) || everyMs < intervalMinMs) throw wrong('Nothing is done more often than once a minute.', 'Take a longer time.')
  if (everyMs > intervalMaxMs || !Number.isFinite(anchorMs) || Math.abs(anchorMs) > 8.64e15) throw wrong('Nothing is done less often than once a year.', 'Take a shorter time, or name a date.')
  return { kind: 'every', everyMs: Math.trunc(everyMs), anchorMs: Math.trunc(anchorMs) }
}

async function checkedPattern(given: string, tz: string, now: number): Promise<JobSchedule> {
  const expr = given.trim().replaceAll(/\s+/g, ' ')
  const fields = expr.split(' ')
  if (expr.length > patternLengthMax || (fields.length !== 5 && fields.length !== 6)) throw wrong(`"${expr.slice(0, 60)}" is not a pattern of five or six fields.`, 'For example 0 8 * * 1-5: at 8 on working days.')
  // Of the seconds one alone: then nothing can be due more often than once a minute.
  if (fields.length === 6 && !/^[0-5]?\d$/.test(fields[0] ?? '')) throw wrong('Nothing is done more often than once a minute.', 'Make the first of six fields a single second, such as 0.')
  const schedule: JobSchedule = { kind: 'cron', expr, tz }
  let next: number | null
  try {
    next = await nextAfter(schedule, now)
  } catch (error) {
    throw wrong(`"${expr.slice(0, 60)}" cannot be read as a pattern.`, 'For example 0 8 * * 1-5: at 8 on working days.', error)
  }
  if (next === null) throw wrong(`"${expr}" is never due.`, 'No such day comes.')
  return schedule
}

/** An ISO time with its offset, or without one in the zone; or a length of time from now. A time that summer time leaves out comes as far after the gap as it stood in it; of one that comes twice the first counts. */
async function readMoment(given: string, now: number, tz: string): Promise<number> {
  const text = given.trim()
  const length = readLength(text.replace(/^(in\s+|\+\s*)/i, ''))
  if (length !== undefined) return now + length
  const iso = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(\.\d{1,9})?\s*(Z|[+-]\d{2}:?\d{2})?)?$/i.exec(text)
  const [, day, clock, fraction = '', offset] = iso ?? []
  if (day === undefined) throw wrong(`"${text.slice(0, 60)}" is not a time.`, 'Write it like 2027-01-31T08:00, or how long from now: 20m.')
  const full = `${day}T${clock === undefined ? '00:00:00' : clock.length === 5 ? `${clock}:00` : clock}`
  try {
    if (offset !== undefined) return sure(Date.parse(`${full}${fraction}${offset.toUpperCase() === 'Z' ? 'Z' : `${offset.slice(0, 3)}:${offset.slice(-2)}`}`))
    // Days that do not exist are none, whatever a reader would make of them.
    const naive = sure(Date.parse(`${full}Z`))
    if (new Date(naive).toISOString().slice(0, 10) !== day) return sure(Number.NaN)
    const { Cron } = await import('croner')
    const once = new Cron(full, { timezone: tz, paused: true }).getOnce()
    return sure(once?.getTime() ?? Number.NaN)
  } catch (error) {
    throw wrong(`"${text.slice(0, 60)}" is not a time.`, 'Write it like 2027-01-31T08:00, or how long from now: 20m.', error)
  }
}

function sure(at: number): number {
  if (!Number.isFinite(at)) throw new Error('no such moment')
  return at
}

/** The first moment after `at` (epoch ms) at which it is due; null: there is none. */
export async function nextAfter(schedule: JobSchedule, at: number): Promise<number | null> {
  switch (schedule.kind) {
    case 'at': return schedule.atMs > at ? schedule.atMs : null
    case 'every': {
      const { everyMs, anchorMs } = schedule
      return at < anchorMs ? anchorMs : anchorMs + (Math.floor((at - anchorMs) / everyMs) + 1) * everyMs
    }
    case 'cron': {
      const { Cron } = await import('croner')
      return new Cron(schedule.expr, { timezone: schedule.tz, paused: true }).nextRun(new Date(at))?.getTime() ?? null
    }
  }
}

/** How often it was due after `from` until `to`, inclusive; counted up to `most`. */
export async function countDue(schedule: JobSchedule, from: number, to: number, most: number): Promise<number> {
  if (schedule.kind === 'every') return Math.min(most, Math.max(0, Math.floor((to - schedule.anchorMs) / schedule.everyMs) - Math.floor((from - schedule.anchorMs) / schedule.everyMs)))
  let count = 0
  for (let next = await nextAfter(schedule, from); next !== null && next <= to && count < most; next = await nextAfter(schedule, next)) count += 1
  return count
}

/** `Tue 2026-11-24 08:00 (Europe/Berlin)`. */
export function momentWords(at: number, tz: string): string {
  const parts = new Map(new Intl.DateTimeFormat('en-GB', { timeZone: tz, weekday: 'short', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).formatToParts(new Date(at)).map(({ type, value }) => [type, value]))
  const part = (name: string): string => parts.get(name as Intl.DateTimeFormatPartTypes) ?? ''
  return `${part('weekday')} ${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')} (${tz})`
}

/** `every 2 h`, `0 8 * * 1-5 (Europe/Berlin)`, `once, Tue 2026-11-24 08:00 (Europe/Berlin)`. */
export function scheduleWords(schedule: JobSchedule, zone: string): string {
  switch (schedule.kind) {
    case 'at': return `once, ${momentWords(schedule.atMs, zone)}`
    case 'every': return `every ${lengthWords(schedule.everyMs)}`
    case 'cron': return `${schedule.expr} (${schedule.tz})`
  }
}

/** A length of time in the largest unit that says it whole. */
function lengthWords(ms: number): string {
  const [name, unit] = ([['days', 86_400_000], ['h', 3_600_000], ['min', 60_000]] as const).find(([, each]) => ms % each === 0) ?? ['s', 1_000]
  return ms === unit && name === 'days' ? 'day' : `${Math.round(ms / unit)} ${name}`
}
