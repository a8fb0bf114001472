/** A day of the Gregorian calendar as days since 1970-01-01. There is no clock here: only days somebody named. */
export type Day = number

const dayMs = 86_400_000

/** `2026-12-24`, `24.12.2026`, `December 24, 2026`, `24 December 2026`; undefined for anything else and for days that do not exist. */
export function parseDay(text: string): Day | undefined {
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text.trim())
  if (iso !== null) return dayOf(Number(iso[1]), Number(iso[2]), Number(iso[3]))
  const dotted = /^(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})$/.exec(text.trim())
  if (dotted !== null) return dayOf(Number(dotted[3]), Number(dotted[2]), Number(dotted[1]))
  const dayFirst = /^(\d{1,2})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?([a-zä]+)\.?,?\s+(\d{4})$/i.exec(text.trim())
  if (dayFirst !== null) return dayOf(Number(dayFirst[3]), monthOf(dayFirst[2] ?? ''), Number(dayFirst[1]))
  const monthFirst = /^([a-zä]+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})$/i.exec(text.trim())
  if (monthFirst !== null) return dayOf(Number(monthFirst[3]), monthOf(monthFirst[1] ?? ''), Number(monthFirst[2]))
  return undefined
}

/** The pattern of a day inside a sentence, for building expressions. */
export const dayPattern = String.raw`\d{4}-\d{1,2}-\d{1,2}|\d{1,2}\.\s?\d{1,2}\.\s?\d{4}|\d{1,2}(?:st|nd|rd|th|\.)?\s+(?:of\s+)?[a-zä]{3,}\.?,?\s+\d{4}|[a-zä]{3,}\.?\s+\d{1,2}(?:st|nd|rd|th)?,?\s+\d{4}`

const months = [['jan', 'jän'], ['feb'], ['mar', 'mär', 'mrz'], ['apr'], ['may', 'mai'], ['jun'], ['jul'], ['aug'], ['sep'], ['oct', 'okt'], ['nov'], ['dec', 'dez']]

function monthOf(word: string): number {
  return months.findIndex((names) => names.some((name) => word.toLowerCase().startsWith(name))) + 1
}

function dayOf(year: number, month: number, day: number): Day | undefined {
  if (month < 1 || month > 12 || day < 1 || day > 31 || year < 1583) return undefined
  const at = new Date(Date.UTC(year, month - 1, day))
  return at.getUTCDate() === day && at.getUTCMonth() === month - 1 ? at.getTime() / dayMs : undefined
}

export function showDay(day: Day): string {
  return new Date(day * dayMs).toISOString().slice(0, 10)
}

const weekdays = {
  en: ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'],
  de: ['Sonntag', 'Montag', 'Dienstag', 'Mittwoch', 'Donnerstag', 'Freitag', 'Samstag'],
}

export function weekdayOf(day: Day, language: 'en' | 'de'): string {
  return weekdays[language][new Date(day * dayMs).getUTCDay()] ?? ''
}

/** Adds days, weeks, months or years; a month's end stays one (January 31 + 1 month is the last of February). */
export function addTo(day: Day, amount: number, unit: 'day' | 'week' | 'month' | 'year'): Day {
  if (unit === 'day') return day + amount
  if (unit === 'week') return day + 7 * amount
  const at = new Date(day * dayMs)
  const count = at.getUTCFullYear() * 12 + at.getUTCMonth() + (unit === 'year' ? 12 * amount : amount)
  const year = Math.floor(count / 12)
  const month = count - year * 12
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
  return Date.UTC(year, month, Math.min(at.getUTCDate(), last)) / dayMs
}

/** Today as the gateway wrote it into the prompt; undefined when it did not. */
export function todayFrom(system: string): Day | undefined {
  const found = /\b(?:today|current date|date)\b[^\n]{0,60}?(\d{4}-\d{2}-\d{2})/i.exec(system)?.[1]
  return found === undefined ? undefined : parseDay(found)
}
