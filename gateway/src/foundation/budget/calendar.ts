import type { Clock } from '@moltbot/contract'

export interface Calendar {
  /** `2026-11-22` at a moment. */
  dayAt(at: number): string
  /** Today, never earlier than a day that was seen before. */
  today(): string
  /** A day on which something was spent. */
  saw(day: string): void
  /** When the first moment after this day, or this month, comes. */
  startAfter(period: 'day' | 'month'): number
  /** `Mon 23 Nov 00:00 (Europe/Berlin)`. */
  spoken(at: number): string
  /** `count` days up to today, oldest first. */
  last(count: number): string[]
}

/** Days and months in a time zone. A clock that is set back gives no day a second time. */
export function createCalendar(options: { clock: Clock; timeZone(): string | undefined }): Calendar {
  const { clock } = options
  let zone: string | undefined
  let format = formatFor(undefined)
  let latest = ''

  function dayAt(at: number): string {
    const wanted = options.timeZone()
    if (wanted !== zone) {
      zone = wanted
      format = formatFor(wanted)
    }
    return format.day(at)
  }
  function today(): string {
    const day = dayAt(clock.now())
    if (day > latest) latest = day
    return latest
  }
  return {
    dayAt,
    today,
    saw(day) {
      if (day > latest) latest = day
    },
    startAfter(period) {
      const length = period === 'day' ? 10 : 7
      const current = today().slice(0, length)
      const later = (at: number): boolean => dayAt(at).slice(0, length) > current
      let from = clock.now()
      let to = Math.max(from, Date.parse(`${today()}T00:00:00Z`)) + (period === 'day' ? 3 : 34) * 86_400_000
      while (to - from > 1_000) {
        const middle = Math.floor((from + to) / 2)
        if (later(middle)) to = middle
        else from = middle
      }
      return Math.floor(to / 1_000) * 1_000
    },
    spoken(at) {
      dayAt(at)
      return format.spoken(at)
    },
    last(count) {
      const end = Date.parse(`${today()}T12:00:00Z`)
      return Array.from({ length: count }, (_, index) => new Date(end - (count - 1 - index) * 86_400_000).toISOString().slice(0, 10))
    },
  }
}

interface DayFormat {
  day(at: number): string
  spoken(at: number): string
}

/** Loading a format of dates takes the time of a hundred messages, so the machine's own time zone does without for days, and words wait until somebody reads them. */
function formatFor(timeZone: string | undefined): DayFormat {
  const make = (zone: string | undefined): DayFormat => {
    const inZone = zone === undefined ? {} : { timeZone: zone }
    let words: Intl.DateTimeFormat | undefined
    const inWords = (): Intl.DateTimeFormat => (words ??= new Intl.DateTimeFormat('en-GB', { ...inZone, weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }))
    const days = zone === undefined ? undefined : new Intl.DateTimeFormat('en-CA', { ...inZone, year: 'numeric', month: '2-digit', day: '2-digit' })
    return {
      day: (at) => days?.format(at) ?? machineDay(new Date(at)),
      spoken: (at) => `${inWords().format(at).replaceAll(',', '')} (${inWords().resolvedOptions().timeZone})`,
    }
  }
  try {
    return make(timeZone)
  } catch {
    // Not a time zone that exists: the machine's, as everywhere else.
    return make(undefined)
  }
}

function machineDay(date: Date): string {
  return `${String(date.getFullYear()).padStart(4, '0')}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`
}
