import { language, text } from './text.ts'
import type { SessionRow } from './wire.ts'

/** The browser's own variety of the page's language (24 hours in Britain, 12 in America). */
const locale = typeof navigator !== 'undefined' && navigator.language.startsWith(language) ? navigator.language : language

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** How long ago, as short as a list needs it; a date after a week. */
export function ago(at: number, now: number): string {
  const passed = Math.max(0, now - at)
  if (passed < minute) return text.justNow
  if (passed < hour) return text.minutesShort(Math.floor(passed / minute))
  if (passed < day) return text.hoursShort(Math.floor(passed / hour))
  if (passed < 7 * day) return text.daysShort(Math.floor(passed / day))
  return new Date(at).toLocaleDateString(locale, { day: 'numeric', month: 'short' })
}

let clock: Intl.DateTimeFormat | undefined

export function clockTime(at: number): string {
  const time = new Date(at)
  if (Number.isNaN(time.getTime())) return ''
  // Made once: it takes longer than everything else about a line.
  clock ??= new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' })
  return clock.format(time)
}

/** How long something took: 0.4 s, 12 s, 3 min. */
export function duration(ms: number): string {
  const [value, unit] = ms < 60_000 ? [ms / 1_000, 'second'] : [ms / minute, 'minute']
  return value.toLocaleString(locale, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: ms < 10_000 ? 1 : 0 })
}

/** US dollars; small sums with enough digits to differ from nothing. */
export function money(usd: number): string {
  const digits = usd === 0 || usd >= 1 ? 2 : usd >= 0.01 ? 3 : 4
  return new Intl.NumberFormat(locale, { style: 'currency', currency: 'USD', currencyDisplay: 'narrowSymbol', minimumFractionDigits: 2, maximumFractionDigits: digits }).format(usd)
}

/** 12 kB, 3.4 MB: in the thousands that people count in. */
export function fileSize(bytes: number): string {
  const [value, unit] = bytes < 1_000 ? [bytes, 'byte'] : bytes < 1_000_000 ? [bytes / 1_000, 'kilobyte'] : [bytes / 1_000_000, 'megabyte']
  return value.toLocaleString(locale, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: value < 10 ? 1 : 0 })
}

/** What a person calls a session. */
export function sessionTitle(session: SessionRow | undefined, key: string): string {
  if (session?.label !== undefined) return session.label
  if (session?.isMain === true || /^agent:[^:]+:main$/.test(key)) return text.mainChat
  return session === undefined || session.title === '' ? text.untitled : session.title
}

/** A model's name without its provider. */
export function shortModel(model: string): string {
  return model.slice(model.indexOf('/') + 1)
}

/** True for the assistant that answers without a language model. */
export function isBuiltin(model: string | undefined): boolean {
  return model !== undefined && /^builtin\//.test(model)
}

/** A text in which nothing hides: what has no shape of its own, or turns what follows, is written out. The gateway does so too; the page does not rely on it. */
export function plainly(shown: string): string {
  return shown.replace(/(?:[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\u115F\u1160\u3164\uFFA0]|\u034F)/gu, (mark) => (mark === '\n' || mark === '\t' ? mark : `⟨U+${(mark.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`))
}
