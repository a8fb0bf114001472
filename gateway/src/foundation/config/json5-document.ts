/**
 * A JSON5 text as a tree that remembers where everything stands, so that one key can be changed without touching the
 * rest (no library edits JSON5 in place) and every complaint can name a line. Agrees with the `json5` package on every
 * value; a text without any value (empty, or comments only) is a document without a root instead of an error.
 */
export interface Json5Document {
  text: string
  /** Undefined: nothing but white space and comments. */
  root: Json5Node | undefined
  comments: Json5Span[]
}

export interface Json5Span {
  /** Offset of the first character. */
  start: number
  /** Offset after the last character. */
  end: number
}

export type Json5Node = Json5Object | Json5Array | Json5Scalar

export interface Json5Object extends Json5Span {
  kind: 'object'
  members: Json5Member[]
}
export interface Json5Array extends Json5Span {
  kind: 'array'
  elements: Json5Element[]
}
export interface Json5Scalar extends Json5Span {
  kind: 'scalar'
  value: string | number | boolean | null
}
export interface Json5Element {
  value: Json5Node
  /** Offset of the comma that follows; undefined when there is none. */
  comma: number | undefined
}
export interface Json5Member extends Json5Element {
  key: string
  keySpan: Json5Span
  /** How the key is written. */
  quote: '"' | '\'' | ''
}

/** A text that is not JSON5. `offset` is where reading stopped; the message has no position in it. */
export class Json5Error extends Error {
  readonly offset: number
  constructor(message: string, offset: number) {
    super(message)
    this.name = 'Json5Error'
    this.offset = offset
  }
}

/** Deeper nesting than any real configuration has; keeps the recursion here and in everything that walks the values bounded. */
const depthMax = 100

const space = /[\t\v\f \u00A0\uFEFF\n\r\u2028\u2029\p{Zs}]/u
const identifierStart = /[\p{L}\p{Nl}$_]/u
const identifierPart = /[\p{L}\p{Nl}$_\p{Mn}\p{Mc}\p{Nd}\p{Pc}\u200C\u200D]/u
const number = /[+-]?(?:Infinity|NaN|0[xX][0-9a-fA-F]+|(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)/y
const literals = new Map<string, boolean | null>([['true', true], ['false', false], ['null', null]])
const simpleEscapes: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

/** Reads a JSON5 text. Throws `Json5Error`. */
export function parseJson5(text: string): Json5Document {
  const comments: Json5Span[] = []
  let at = 0

  const peek = (): string => {
    const code = text.codePointAt(at)
    return code === undefined ? '' : String.fromCodePoint(code)
  }

  function fail(what: string, offset = at): never {
    throw new Json5Error(what, offset)
  }

  function unexpected(expected: string): never {
    const found = peek()
    return fail(found === '' ? `the text ends where ${expected} was expected` : `expected ${expected}, found ${JSON.stringify(found)}`)
  }

  function skipTrivia(): void {
    for (;;) {
      const c = text[at]
      if (c === undefined) return
      if (c === '/') {
        const start = at
        if (text[at + 1] === '/') {
          while (at < text.length && !/[\n\r\u2028\u2029]/.test(text[at] as string)) at++
        } else if (text[at + 1] === '*') {
          const close = text.indexOf('*/', at + 2)
          if (close < 0) fail('a comment is opened with /* and never closed')
          at = close + 2
        } else fail('expected a comment after "/"')
        comments.push({ start, end: at })
      } else if (space.test(c)) at++
      else return
    }
  }

  function hex(digits: number, start: number): string {
    const found = text.slice(at, at + digits)
    if (!(found.length === digits && /^[0-9a-fA-F]+$/.test(found))) fail(`expected ${digits} hexadecimal digits in the escape`, start)
    at += digits
    return String.fromCharCode(Number.parseInt(found, 16))
  }

  function readString(quote: string): string {
    const start = at
    at++
    let value = ''
    for (;;) {
      const c = text[at]
      if (c === undefined || c === '\n' || c === '\r') fail(`a string is opened with ${quote} and never closed on its line`, start)
      if (c === quote) {
        at++
        return value
      }
      if (c !== '\\') {
        value += c
        at++
        continue
      }
      const escape = at
      const next = text[at + 1]
      at += 2
      if (next === undefined) fail('the text ends inside a string', start)
      else if (next in simpleEscapes) value += simpleEscapes[next]
      else if (next === 'x') value += hex(2, escape)
      else if (next === 'u') value += hex(4, escape)
      else if (next === '\r') at += text[at] === '\n' ? 1 : 0
      else if (next === '\n' || next === '\u2028' || next === '\u2029') continue
      else if (next === '0' && !/\d/.test(text[at] ?? '')) value += '\0'
      else if (/\d/.test(next)) fail('a number escape such as \\1 is not allowed in a string', escape)
      else value += next
    }
  }

  function readKey(): { key: string; quote: '"' | '\'' | '' } {
    const c = peek()
    if (c === '"' || c === '\'') return { key: readString(c), quote: c }
    let key = ''
    for (;;) {
      let part = peek()
      const start = at
      if (part === '\\') {
        if (text[at + 1] !== 'u') fail('expected \\u and four hexadecimal digits in a key')
        at += 2
        part = hex(4, start)
      } else if (part !== '') at += part.length
      if (part !== '' && (key === '' ? identifierStart : identifierPart).test(part)) key += part
      else {
        at = start
        if (key === '') unexpected('a key or "}"')
        return { key, quote: '' }
      }
    }
  }

  function readValue(depth: number): Json5Node {
    const start = at
    const c = peek()
    if (c === '{' || c === '[') {
      if (depth >= depthMax) fail(`nested deeper than ${depthMax} levels`)
      return c === '{' ? readObject(depth + 1) : readArray(depth + 1)
    }
    if (c === '"' || c === '\'') {
      const value = readString(c)
      return { kind: 'scalar', start, end: at, value }
    }
    number.lastIndex = at
    const found = number.exec(text)
    if (found !== null) {
      at = number.lastIndex
      if (identifierPart.test(peek()) || peek() === '.') fail('this is not a number', start)
      const sign = found[0].startsWith('-') ? -1 : 1
      return { kind: 'scalar', start, end: at, value: sign * Number(found[0].replace(/^[+-]/, '')) }
    }
    const word = /^[a-z]+/.exec(text.slice(at, at + 6))?.[0] ?? ''
    const literal = literals.get(word)
    if (literal === undefined) unexpected('a value')
    at += word.length
    if (identifierPart.test(peek())) fail('expected a value; text needs quotes', start)
    return { kind: 'scalar', start, end: at, value: literal }
  }

  function readObject(depth: number): Json5Object {
    const start = at
    const members: Json5Member[] = []
    at++
    for (;;) {
      skipTrivia()
      if (text[at] === '}') break
      const keyStart = at
      const { key, quote } = readKey()
      const keySpan = { start: keyStart, end: at }
      skipTrivia()
      if (text[at] !== ':') unexpected(`":" after ${JSON.stringify(key)}`)
      at++
      skipTrivia()
      const value = readValue(depth)
      skipTrivia()
      const comma = text[at] === ',' ? at++ : undefined
      members.push({ key, keySpan, quote, value, comma })
      if (comma === undefined && text[at] !== '}') unexpected('"," or "}"')
    }
    at++
    return { kind: 'object', start, end: at, members }
  }

  function readArray(depth: number): Json5Array {
    const start = at
    const elements: Json5Element[] = []
    at++
    for (;;) {
      skipTrivia()
      if (text[at] === ']') break
      const value = readValue(depth)
      skipTrivia()
      const comma = text[at] === ',' ? at++ : undefined
      elements.push({ value, comma })
      if (comma === undefined && text[at] !== ']') unexpected('"," or "]"')
    }
    at++
    return { kind: 'array', start, end: at, elements }
  }

  skipTrivia()
  if (at >= text.length) return { text, root: undefined, comments }
  const root = readValue(0)
  skipTrivia()
  if (at < text.length) unexpected('the end of the text')
  return { text, root, comments }
}

/** The plain value of a node. Of a key written twice the last one counts; `__proto__` becomes an ordinary own property. */
export function nodeValue(node: Json5Node): unknown {
  switch (node.kind) {
    case 'scalar': return node.value
    case 'array': return node.elements.map((element) => nodeValue(element.value))
    case 'object': {
      const value: Record<string, unknown> = {}
      for (const member of node.members) setOwn(value, member.key, nodeValue(member.value))
      return value
    }
  }
}

/** Sets an own property whatever its name is; plain assignment would call the setter of `__proto__`. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
}

/** The member that counts: the last of its name. */
export function memberOf(object: Json5Object, key: string): Json5Member | undefined {
  return object.members.findLast((member) => member.key === key)
}

/** The node at a path; undefined when there is none. Array positions are numbers or their decimal text. */
export function nodeAt(document: Json5Document, path: readonly (string | number)[]): Json5Node | undefined {
  let node = document.root
  for (const step of path) {
    if (node?.kind === 'object') node = memberOf(node, String(step))?.value
    else if (node?.kind === 'array') node = /^\d+$/.test(String(step)) ? node.elements[Number(step)]?.value : undefined
    else return undefined
  }
  return node
}

/** 1-based line and column (in UTF-16 units) of an offset. */
export function positionOf(text: string, offset: number): { line: number; column: number } {
  let line = 1
  let lineStart = 0
  for (const found of text.matchAll(/\r\n|[\n\r\u2028\u2029]/g)) {
    if (found.index + found[0].length > offset) break
    line++
    lineStart = found.index + found[0].length
  }
  return { line, column: offset - lineStart + 1 }
}

/** A name that can stand as a key without quotes. Only plain ASCII names do, so that older readers agree. */
export function isPlainName(key: string): boolean {
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(key)
}
