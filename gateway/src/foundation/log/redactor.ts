import { compilePattern, replaceInPieces } from './custom-pattern.ts'
import { createKnownValues, valueMin } from './known-values.ts'

/** Hides secrets in text: the values it was told, and everything shaped like a credential. */
export interface Redactor {
  /** The text with every secret masked and everything that could forge a line or steer a terminal made visible. */
  redact(text: string): string
  /** Only the masks; for text that stays several lines. */
  mask(text: string): string
  /**
   * Hides this value from now on, also base64-, hex-, URL- and JSON-encoded. Values under 6 characters are too common to hide. `kept`
   * (the default) holds for as long as this runs, however many there are; `met`, for what somebody wrote, until two megabytes came after it.
   */
  hide(value: string, kind?: 'kept' | 'met'): void
  /** Replaces the settings; returns a sentence per pattern that is not used. */
  configure(settings: { redactSensitive: 'off' | 'tools' | 'all'; redactPatterns: readonly string[] }): string[]
}

/** No text is looked at beyond this; what lies behind is dropped, so nothing unmasked can remain. */
export const textMax = 65_536
/** Looked at beyond it as well, so that what begins before the cut is known whole: no shape and no value is longer. */
const beyondMax = 24_576

/** A shape, and which group of it is the secret (0: all of it). */
interface Shape { pattern: RegExp; group: number; all?: boolean }

/** Shapes of credentials. Every repeat is bounded or over one character class, so that no text can make them slow. An underscore before one is italics, and no part of it. */
const shapes: Shape[] = [
  { pattern: /-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----[\s\S]{0,20000}?(?:-----END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----|$)/g, group: 0, all: true },
  { pattern: /(?<![A-Za-z0-9])AGE-SECRET-KEY-1[0-9A-Z]{20,100}/gi, group: 0 },
  { pattern: /(?<![A-Za-z0-9])eyJ[\w-]{8,4000}\.eyJ[\w-]{8,8000}(?:\.[\w-]{0,2000})?/g, group: 0 },
  { pattern: /(?<![A-Za-z0-9])sk-(?:ant-|proj-|or-v1-|svcacct-|admin-)?[A-Za-z0-9_-]{16,300}/g, group: 0 },
  { pattern: /(?<![A-Za-z0-9])(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,200}/g, group: 0 },
  { pattern: /(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{30,60}/g, group: 0 },
  { pattern: /(?<![A-Za-z0-9])ya29\.[A-Za-z0-9_-]{20,500}/g, group: 0 },
  { pattern: /(?<![A-Za-z0-9])xox[a-z]-[A-Za-z0-9-]{10,300}/g, group: 0 },
  { pattern: /(?<![A-Za-z0-9])xapp-\d-[A-Za-z0-9-]{10,300}/g, group: 0 },
  { pattern: /(?<!\d)\d{6,12}:[A-Za-z0-9_-]{35}(?![A-Za-z0-9-]|_[A-Za-z0-9])/g, group: 0 },
  { pattern: /(?<![A-Za-z0-9])[MNO][A-Za-z0-9_-]{23,28}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,45}/g, group: 0 },
  { pattern: /(?<![A-Za-z0-9])(?:gh[oprsu]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255})/g, group: 0 },
  { pattern: /(?<![A-Za-z0-9])glpat-[A-Za-z0-9_-]{16,100}/g, group: 0 },
  { pattern: /(?<![A-Za-z0-9])(?:AKIA|ASIA|AGPA|AROA)[A-Z0-9]{16}(?![A-Za-z0-9])/g, group: 0 },
  { pattern: /(?<![A-Za-z0-9])(?:hf|npm|gsk|pypi|dckr_pat|shpat|tvly|xai|r8|nvapi)[_-][A-Za-z0-9_-]{20,255}/g, group: 0 },
  { pattern: /(?<![A-Za-z0-9])SG\.[A-Za-z0-9_-]{16,40}\.[A-Za-z0-9_-]{16,80}/g, group: 0 },
  { pattern: /\b(?:Bearer|Basic|Bot|Token)[ \t]{1,4}([A-Za-z0-9._~+/=-]{8,4000})/gi, group: 1 },
  { pattern: /\b[a-z][a-z0-9+.-]{1,20}:\/\/([^\s/@:?#]{0,200}:[^\s/@?#]{1,500})@/gi, group: 1 },
  { pattern: /[?&#](?:[a-z0-9_-]{0,30}(?:token|key|secret|password|signature|sig|code|auth|ticket|session))=([^&#\s"'<>]{4,4000})/gi, group: 1 },
  {
    pattern: /(?:^|[^A-Za-z])["']?(?:[A-Za-z0-9_-]{0,30}(?:token|api[_-]?key|access[_-]?key|secret|password|passwd|passphrase|private[_-]?key|authorization|cookie))["']?[ \t]{0,3}[:=][ \t]{0,3}["']?((?!\[secret |(?:bearer|basic|bot|token)[ \t])[^\s"',;&}\]]{6,4000})/gi,
    group: 1,
  },
]

/** Personal data, hidden only when asked for. */
const personal: Shape[] = [
  { pattern: /\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}\b/g, group: 0 },
  { pattern: /(?<![\d.])\+\d[\d ().-]{7,18}\d(?![\d.])/g, group: 0 },
]

/** Values under these names are hidden whole, whatever they look like. */
const secretName = /(?:^|[a-z0-9_-])(?:token|password|passwd|passphrase|secret|api[_-]?key|private[_-]?key|authorization|cookie|credentials?)$/i

/** Whether a fact of this name is never shown. Counts of tokens are none. */
export function isSecretFact(name: string, value: unknown): boolean {
  return secretName.test(name) && typeof value === 'string'
}

/** Keeps the first six and last four of long values, so that two can be told apart; nothing of short ones. */
export function maskOf(value: string): string {
  return value.length >= 24 ? `${value.slice(0, 6)}…${value.slice(-4)}` : '***'
}

/** A person's pattern that once took longer than this, ms, is not used again. */
const slowMs = 250

/** `now` in ms; `onWeaker` hears of a pattern that is not used any more because it took too long, and when values that were met are forgotten. */
export function createRedactor(now: () => number, onWeaker: (sentence: string) => void): Redactor {
  const values = createKnownValues(formsOf, () => onWeaker('So many secrets were pasted into chats that the oldest are hidden only where they look like one'))
  let level: 'off' | 'tools' | 'all' = 'tools'
  let custom: { pattern: RegExp; name: string }[] = []

  function mask(text: string): string {
    if (text.length > textMax) return `${masked(text.slice(0, textMax + beyondMax)).slice(0, textMax)} … (${text.length} characters)`
    return masked(text)
  }

  function masked(text: string): string {
    text = values.replace(text)
    if (level === 'off') return text
    for (const shape of level === 'all' ? [...shapes, ...personal] : shapes) text = applyShape(text, shape)
    for (const own of custom) {
      const began = now()
      text = replaceInPieces(text, own.pattern, (match, group) => (group === undefined ? maskOf(match) : match.replace(group, () => maskOf(group))))
      if (now() - began > slowMs) {
        custom = custom.filter((other) => other !== own)
        onWeaker(`${own.name} is not used any more: it took too long on a line`)
      }
    }
    return text
  }

  return {
    mask,
    redact: (text) => neutralise(mask(text)),
    hide: (value, kind = 'kept') => values.add(value, kind),
    configure({ redactSensitive, redactPatterns }) {
      level = redactSensitive
      custom = []
      const refused: string[] = []
      for (const [position, source] of redactPatterns.entries()) {
        const compiled = compilePattern(source)
        const name = `logging.redactPatterns[${position}]`
        if ('pattern' in compiled) custom.push({ pattern: compiled.pattern, name })
        else refused.push(`${name} is not used: ${compiled.refused}`)
      }
      return refused
    },
  }
}

function applyShape(text: string, { pattern, group, all }: Shape): string {
  return text.replace(pattern, (whole: string, ...groups: unknown[]) => {
    if (all === true) return '[private key]'
    const secret = group === 0 ? whole : groups[group - 1]
    if (typeof secret !== 'string' || /^(?:.{6}….{4}|\*\*\*)$/.test(secret)) return whole
    // The last occurrence: what comes before it in the match may repeat it by chance.
    const at = whole.lastIndexOf(secret)
    return whole.slice(0, at) + maskOf(secret) + whole.slice(at + secret.length)
  })
}

/** A value and how it looks in other encodings, each with its mask. */
function formsOf(value: string): Map<string, string> {
  const forms = new Map([[value, maskOf(value)]])
  const add = (form: string): void => {
    if (form.length >= valueMin && !forms.has(form)) forms.set(form, '***')
  }
  add(JSON.stringify(value).slice(1, -1))
  add(encodeForUrl(value))
  add(encodeForUrl(value).replaceAll('%20', '+'))
  const bytes = Buffer.from(value, 'utf8')
  add(bytes.toString('hex'))
  add(bytes.toString('hex').toUpperCase())
  // Inside a longer text (`user:password`) base64 takes one of three shapes; only its middle, which does not depend on the neighbours, is looked for.
  for (let shift = 0; shift < 3 && bytes.length >= 9; shift++) {
    const whole = Buffer.concat([Buffer.alloc(shift), bytes])
    const start = shift === 0 ? 0 : shift + 1
    const end = Math.floor(whole.length / 3) * 4
    const middle = whole.toString('base64').slice(start, end)
    add(middle)
    add(middle.replaceAll('+', '-').replaceAll('/', '_'))
  }
  if (bytes.length < 9) {
    add(bytes.toString('base64'))
    add(bytes.toString('base64url'))
  }
  return forms
}

function encodeForUrl(value: string): string {
  try {
    return encodeURIComponent(value)
  } catch {
    // Half a surrogate pair can't stand in a URL at all.
    return value
  }
}

const names: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\u001B': '\\e' }

/** Line breaks, control characters, terminal escapes and characters that turn or hide text become visible words. */
export function neutralise(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what must not remain
  return text.replaceAll(/[\u0000-\u001F\u007F-\u009F\u00AD\u061C\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF\uFFF9-\uFFFB]/g,
    (found) => names[found] ?? `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
