import { language } from '../text.ts'
import { automationsTexts } from './automations-text.ts'
import { span, when } from './measures.ts'

/** When a job is due, as the gateway tells it. Times are epoch ms; `tz` is an IANA zone. */
export type JobTimes = { kind: 'at'; atMs: number } | { kind: 'every'; everyMs: number } | { kind: 'cron'; expr: string; tz: string }

/** Who reads it: the words, and how days and hours are written there. */
interface Reader { language: 'en' | 'de'; locale: string; zone: string }

const here: Reader = {
  language, locale: typeof navigator !== 'undefined' && navigator.language.startsWith(language) ? navigator.language : language, zone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
}
const wordsOf = (reader: Reader): typeof automationsTexts.english => (reader.language === 'de' ? automationsTexts.german : automationsTexts.english)
const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

/** A number of a field within its bounds; undefined: anything else. */
function numberOf(field: string, min: number, max: number): number | undefined {
  const value = /^\d{1,2}$/.test(field) ? Number(field) : undefined
  return value !== undefined && value >= min && value <= max ? value : undefined
}

/** Every how many, where that divides the whole evenly. */
function stepOf(field: string, whole: number): number | undefined {
  if (field === '*') return 1
  const step = /^\*\/(\d{1,2})$/.exec(field)?.[1]
  return step !== undefined && Number(step) > 0 && whole % Number(step) === 0 ? Number(step) : undefined
}

function weekday(name: string): number | undefined {
  const at = dayNames.indexOf(name.toLowerCase())
  return at >= 0 ? at : numberOf(name, 0, 7)
}

/** Weekdays in words, Monday first; a row of them by its ends. */
function weekdayWords(field: string, reader: Reader): string | undefined {
  const name = (day: number): string => new Date(Date.UTC(2024, 0, 7 + (day % 7))).toLocaleDateString(reader.locale, { weekday: 'short', timeZone: 'UTC' })
  const parts = field.split(',').map((part) => {
    const [from, to, ...more] = part.split('-').map(weekday)
    if (from === undefined || more.length > 0) return undefined
    if (!part.includes('-')) return { from: from === 0 ? 7 : from, words: name(from) }
    return to === undefined || to <= from ? undefined : { from, words: `${name(from)}–${name(to)}` }
  })
  if (!parts.every((part) => part !== undefined)) return undefined
  return parts.toSorted((a, b) => a.from - b.from).map((part) => part.words).join(', ')
}

/** A pattern in words where it is simple: every few minutes or hours, daily, on weekdays or on a day of the month at set times. Undefined: it is not. */
export function patternWords(expr: string, tz: string, reader: Reader = here): string | undefined {
  const given = expr.trim().split(/\s+/)
  const [minute, hour, day, month, weekdays, ...more] = given.length === 6 && given[0] === '0' ? given.slice(1) : given
  if (minute === undefined || hour === undefined || day === undefined || month !== '*' || weekdays === undefined || more.length > 0) return undefined
  const say = wordsOf(reader)
  const isDaily = day === '*' && weekdays === '*'
  const minutes = stepOf(minute, 60)
  if (minutes !== undefined) return isDaily && hour === '*' ? say.everyMinutes(minutes) : undefined
  const hours = stepOf(hour, 24)
  if (hours !== undefined) return isDaily && minute === '0' ? say.everyHours(hours) : undefined
  const at = numberOf(minute, 0, 59)
  const clock = hour.split(',').map((each) => numberOf(each, 0, 23))
  if (at === undefined || !clock.every((each) => each !== undefined)) return undefined
  const times = clock.toSorted((a, b) => a - b).map((each) => new Date(Date.UTC(2024, 0, 1, each, at)).toLocaleTimeString(reader.locale, { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' })).join(', ')
  const zone = tz === reader.zone ? '' : ` (${tz})`
  if (isDaily) return `${say.daily} ${times}${zone}`
  if (day === '*') {
    const days = weekdayWords(weekdays, reader)
    return days === undefined ? undefined : `${days} ${times}${zone}`
  }
  const date = numberOf(day, 1, 31)
  return date === undefined || weekdays !== '*' ? undefined : `${say.monthly(date)} ${times}${zone}`
}

/** When a job is due, for people; undefined where the page has no better words than the gateway. */
export function timesWords(times: JobTimes): string | undefined {
  const say = wordsOf(here)
  switch (times.kind) {
    case 'at': return say.once(when(times.atMs))
    case 'every': return [604_800_000, 86_400_000, 3_600_000, 60_000].some((unit) => times.everyMs === unit || (times.everyMs % unit === 0 && times.everyMs >= unit)) ? say.every(times.everyMs, spanExactly(times.everyMs)) : undefined
    default: return patternWords(times.expr, times.tz)
  }
}

/** A length of time in a unit that divides it: "90 minutes" and never "1 hour" for it. */
function spanExactly(ms: number): string {
  const [unit, size] = ([['day', 86_400_000], ['hour', 3_600_000]] as const).find(([, length]) => ms % length === 0) ?? ['minute', 60_000]
  return ms < 2 * size ? span(ms) : new Intl.NumberFormat(here.locale, { style: 'unit', unit, unitDisplay: 'long' }).format(ms / size)
}

/** What stands in the fields of the form for a job that is there: `datetime-local` in this browser's zone, `90m`, or the pattern. */
export function typedTimes(times: JobTimes): string {
  switch (times.kind) {
    case 'at': {
      const at = new Date(times.atMs)
      return new Date(times.atMs - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
    }
    case 'every': {
      const [letter, size] = ([['d', 86_400_000], ['h', 3_600_000], ['m', 60_000]] as const).find(([, length]) => times.everyMs % length === 0) ?? ['s', 1_000]
      return `${Math.round(times.everyMs / size)}${letter}`
    }
    default: return times.expr
  }
}
