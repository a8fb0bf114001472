import { language } from '../text.ts'

const locale = typeof navigator !== 'undefined' && navigator.language.startsWith(language) ? navigator.language : language

/** A large number in few characters. */
export function amount(value: number): string {
  return new Intl.NumberFormat(locale, { notation: value >= 10_000 ? 'compact' : 'standard', maximumFractionDigits: 1 }).format(value)
}

export function bytes(value: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const
  const step = value < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3))
  return new Intl.NumberFormat(locale, { style: 'unit', unit: units[step] ?? 'byte', unitDisplay: 'short', maximumFractionDigits: step === 0 ? 0 : 1 }).format(value / 1000 ** step)
}

/** A length of time in its largest fitting unit. */
export function span(ms: number): string {
  const steps = [['year', 365 * 86_400_000], ['month', 30 * 86_400_000], ['day', 86_400_000], ['hour', 3_600_000], ['minute', 60_000]] as const
  const [unit, size] = steps.find(([, length]) => ms >= length) ?? ['minute', 60_000]
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(Math.max(0, Math.floor(ms / size)))
}

/** How long ago something was, in words: "now", "3 hours ago". */
export function since(at: number, now: number): string {
  const passed = Math.max(0, now - at)
  const [unit, size] = ([['month', 30 * 86_400_000], ['day', 86_400_000], ['hour', 3_600_000], ['minute', 60_000]] as const).find(([, length]) => passed >= length) ?? ['second', Infinity]
  return new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(-Math.floor(passed / size), unit)
}

/** How long until something is, in words: "in 3 hours". */
export function ahead(at: number, now: number): string {
  const left = Math.max(0, at - now)
  const [unit, size] = ([['day', 86_400_000], ['hour', 3_600_000]] as const).find(([, length]) => left >= length) ?? ['minute', 60_000]
  return new Intl.RelativeTimeFormat(locale, { numeric: 'always' }).format(Math.max(1, Math.round(left / size)), unit)
}

/** Day and time of something that may be long ago. */
export function when(at: number): string {
  return new Date(at).toLocaleString(locale, { dateStyle: 'medium', timeStyle: 'short' })
}

/** `2026-11-22` as people write it, short. */
export function dayWords(date: string): string {
  const [year, month, day] = date.split('-').map(Number)
  if (year === undefined || month === undefined || day === undefined || [year, month, day].some(Number.isNaN)) return date
  return new Date(year, month - 1, day).toLocaleDateString(locale, { day: 'numeric', month: 'short' })
}
