export interface JsonLimits {
  /** How many arrays and objects may stand in one another. */
  depthMax: number
  /** How many keys all objects together may have. */
  keysMax: number
}

/** Limits for what comes from outside; no client of ours comes near them. */
const jsonLimits: JsonLimits = { depthMax: 64, keysMax: 20_000 }

export type Parsed = { ok: true; value: unknown } | { ok: false; reason: string }

/**
 * Reads JSON that another program may have read before us: what two readers could understand differently is refused (a key
 * twice, `__proto__`, half a surrogate pair, a number beyond all bounds, a byte order mark), and what would cost much is refused
 * before it is built (depth, number of keys).
 */
export function parseStrictly(text: string, limits: JsonLimits = jsonLimits): Parsed {
  const fault = faultIn(text, limits)
  if (fault !== undefined) return { ok: false, reason: fault }
  try {
    return { ok: true, value: JSON.parse(text) as unknown }
  } catch {
    return { ok: false, reason: 'it is not valid JSON' }
  }
}

const quote = 0x22
const numberStart = /[-\d]/
const numberToken = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y

/** Looks at the tokens only; whether they stand in a valid order is for the parser to say. */
function faultIn(text: string, { depthMax, keysMax }: JsonLimits): string | undefined {
  const open: (Set<string> | undefined)[] = []
  let keys = 0
  let at = 0
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === quote) {
      const end = endOfString(text, at)
      if (end === undefined) return 'it is not valid JSON'
      const token = text.slice(at, end)
      if (!wellFormed(token)) return 'a text in it is not valid Unicode'
      at = end
      const names = open.at(-1)
      if (names === undefined || !isKey(text, end)) continue
      const name = plain(token)
      if (name === undefined) return 'it is not valid JSON'
      if (name === '__proto__') return 'it has a key "__proto__"'
      if (names.has(name)) return `it has the key ${JSON.stringify(name.slice(0, 60))} twice`
      names.add(name)
      if (++keys > keysMax) return `it has more than ${keysMax} keys`
      continue
    }
    const character = text[at] ?? ''
    if (character === '{' || character === '[') {
      if (open.push(character === '{' ? new Set() : undefined) > depthMax) return `it is nested more than ${depthMax} deep`
    } else if (character === '}' || character === ']') open.pop()
    else if (numberStart.test(character)) {
      numberToken.lastIndex = at
      const token = numberToken.exec(text)?.[0]
      if (token === undefined) return 'it is not valid JSON'
      if (!Number.isFinite(Number(token))) return 'a number in it is too large'
      at += token.length
      continue
    }
    at += 1
  }
  return undefined
}

/** The index behind the closing quote. */
function endOfString(text: string, start: number): number | undefined {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let slashes = 0
    while (text.charCodeAt(at - 1 - slashes) === 0x5c) slashes += 1
    if (slashes % 2 === 0) return at + 1
  }
  return undefined
}

function isKey(text: string, from: number): boolean {
  let at = from
  while (/[ \t\r\n]/.test(text[at] ?? '')) at += 1
  return text[at] === ':'
}

function plain(token: string): string | undefined {
  if (!token.includes('\\')) return token.slice(1, -1)
  try {
    return JSON.parse(token) as string
  } catch {
    return undefined // A broken escape: the parser would refuse it too.
  }
}

/** What was decoded from UTF-8 is whole; only escapes can write half a pair. */
function wellFormed(token: string): boolean {
  if (!token.includes('\\u')) return true
  const text = plain(token)
  return text === undefined || !/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(text)
}
