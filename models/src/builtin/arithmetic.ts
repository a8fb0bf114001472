/** What an expression comes to, and how it was understood. */
export type Sum = { ok: true; value: number; shown: string } | { ok: false; reason: 'syntax' | 'division-by-zero' | 'too-large' | 'not-real' }

type Token = { kind: 'number'; value: number; shown: string } | { kind: 'name'; name: string } | { kind: 'sign'; sign: string }

const constants: Record<string, number> = { pi: Math.PI, e: Math.E }
const functions: Record<string, (value: number) => number> = {
  sqrt: Math.sqrt, abs: Math.abs, round: Math.round, floor: Math.floor, ceil: Math.ceil, ln: Math.log, log: Math.log10, sin: Math.sin, cos: Math.cos, tan: Math.tan,
}
/** Nobody types deeper sums, and the parser recurses. */
const depthMax = 64
const lengthMax = 500

class NoSum extends Error {
  readonly reason: 'syntax' | 'division-by-zero' | 'too-large' | 'not-real'
  constructor(reason: 'syntax' | 'division-by-zero' | 'too-large' | 'not-real') {
    super(reason)
    this.reason = reason
  }
}

/**
 * Works out `+ - * / % ^`, parentheses, `n!`, percent (`15% of 80`, `200 + 10%`), `mod`, a few functions and constants, with the usual
 * precedence; `^` binds to the right. `decimalComma`: `3,5` is three and a half and `1.000` a thousand.
 */
export function workOut(text: string, decimalComma: boolean): Sum {
  try {
    if (text.length > lengthMax) throw new NoSum('syntax')
    const tokens = tokensOf(text, decimalComma)
    const parser = new Parser(tokens)
    const value = parser.whole()
    if (Number.isNaN(value)) throw new NoSum('not-real')
    if (!Number.isFinite(value)) throw new NoSum('too-large')
    return { ok: true, value, shown: shownTokens(tokens) }
  } catch (error) {
    if (error instanceof NoSum) return { ok: false, reason: error.reason }
    throw error
  }
}

/** A number for people: no trailing digits of binary fractions, at most 12 significant ones. */
export function showNumber(value: number, decimalComma = false): string {
  const rounded = Number(value.toPrecision(12))
  const text = Math.abs(rounded) >= 1e15 || (rounded !== 0 && Math.abs(rounded) < 1e-6) ? String(rounded) : rounded.toLocaleString('en-US', { useGrouping: false, maximumFractionDigits: 12 })
  return decimalComma ? text.replace('.', ',') : text
}

/** Whether a text could be nothing but a sum: it has a digit, an operation, and no other words. */
export function looksLikeSum(text: string): boolean {
  // Nobody types a sum of that length; a greedy pattern over it could exhaust the engine's stack.
  return text.length <= 2_000 && /\d/.test(text) && /[-+*/^%×÷!−(]/.test(text) && /^[\d\s.,+\-*/^%()×÷·−!a-z]+$/i.test(text)
    && (text.match(/[a-z]+/gi) ?? []).every((word) => word.toLowerCase() in functions || word.toLowerCase() in constants || /^(?:of|mod|x)$/i.test(word))
    && !/^\s*\d{1,4}[-./]\d{1,2}[-./]\d{1,4}\s*$/.test(text)
}

function tokensOf(text: string, decimalComma: boolean): Token[] {
  const tokens: Token[] = []
  const number = decimalComma ? /^(?:\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+(?:[.,]\d+)?|,\d+)(?:e[+-]?\d+)?/i : /^(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?/i
  let rest = text.replace(/[×·]/g, '*').replace(/÷/g, '/').replace(/−/g, '-').replace(/\*\*/g, '^').trim()
  while (rest !== '') {
    const found = number.exec(rest)?.[0]
    if (found !== undefined) {
      const grouped = decimalComma ? /^\d{1,3}(?:\.\d{3})+(?:,|$)/.test(found) : /^\d{1,3}(?:,\d{3})+(?:\.|$)/.test(found)
      const plain = decimalComma ? (grouped ? found.replaceAll('.', '') : found).replace(',', '.') : found.replaceAll(',', '')
      tokens.push({ kind: 'number', value: Number(plain), shown: decimalComma ? plain.replace('.', ',') : plain })
      rest = rest.slice(found.length).trimStart()
      continue
    }
    const name = /^[a-z]+/i.exec(rest)?.[0].toLowerCase()
    if (name !== undefined) {
      if (name === 'x') tokens.push({ kind: 'sign', sign: '*' })
      else tokens.push({ kind: 'name', name })
      rest = rest.slice(name.length).trimStart()
      continue
    }
    const sign = /^[-+*/^%()!]/.exec(rest)?.[0]
    if (sign === undefined) throw new NoSum('syntax')
    tokens.push({ kind: 'sign', sign })
    rest = rest.slice(1).trimStart()
  }
  return tokens
}

function shownTokens(tokens: readonly Token[]): string {
  return tokens.map((token) => (token.kind === 'number' ? token.shown : token.kind === 'name' ? token.name : token.sign)).join(' ')
    .replace(/\( /g, '(').replace(/ \)/g, ')').replace(/ ([%!])(?= |$|\))/g, '$1').replace(/(^|[-+*/^(] ?)- (?=[\d(])/g, '$1-').replace(/ ?\^ ?/g, '^').replace(/([a-z]) \(/g, '$1(')
}

class Parser {
  readonly #tokens: readonly Token[]
  #at = 0
  #depth = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  whole(): number {
    const value = this.#sum()
    if (this.#at < this.#tokens.length) throw new NoSum('syntax')
    return value
  }

  #peek(sign: string): boolean {
    const token = this.#tokens[this.#at]
    return token !== undefined && ((token.kind === 'sign' && token.sign === sign) || (token.kind === 'name' && token.name === sign))
  }

  #take(sign: string): boolean {
    if (!this.#peek(sign)) return false
    this.#at++
    return true
  }

  #sum(): number {
    if (++this.#depth > depthMax) throw new NoSum('syntax')
    let left = this.#product().value
    for (;;) {
      const plus = this.#take('+')
      if (!plus && !this.#take('-')) break
      const right = this.#product()
      // `200 + 10%` means ten per cent of the two hundred.
      const amount = right.percent ? left * right.value : right.value
      left = plus ? left + amount : left - amount
    }
    this.#depth--
    return left
  }

  #product(): { value: number; percent: boolean } {
    let left = this.#signed()
    for (;;) {
      if (this.#take('*') || this.#take('of')) left = { value: left.value * this.#signed().value, percent: false }
      else if (this.#take('/')) {
        const right = this.#signed().value
        if (right === 0) throw new NoSum('division-by-zero')
        left = { value: left.value / right, percent: false }
      } else if (this.#take('mod')) {
        const right = this.#signed().value
        if (right === 0) throw new NoSum('division-by-zero')
        left = { value: left.value - right * Math.floor(left.value / right), percent: false }
      } else if (this.#peek('(') || this.#beginsNumber()) {
        // `2(3+4)` and `2 pi`; two bare numbers side by side are no product.
        if (this.#tokens[this.#at - 1]?.kind === 'number' && this.#tokens[this.#at]?.kind === 'number') throw new NoSum('syntax')
        left = { value: left.value * this.#signed().value, percent: false }
      } else return left
    }
  }

  #beginsNumber(): boolean {
    const token = this.#tokens[this.#at]
    return token?.kind === 'number' || (token?.kind === 'name' && (token.name in constants || token.name in functions))
  }

  #signed(): { value: number; percent: boolean } {
    if (++this.#depth > depthMax) throw new NoSum('syntax')
    try {
      if (this.#take('-')) {
        const inner = this.#signed()
        return { value: -inner.value, percent: inner.percent }
      }
      if (this.#take('+')) return this.#signed()
      return this.#power()
    } finally {
      this.#depth--
    }
  }

  #power(): { value: number; percent: boolean } {
    const base = this.#postfix()
    if (!this.#take('^')) return base
    const value = base.value ** this.#signed().value
    return { value, percent: false }
  }

  #postfix(): { value: number; percent: boolean } {
    let value = this.#atom()
    let percent = false
    for (;;) {
      if (this.#take('!')) value = factorial(value)
      else if (this.#peek('%') && !this.#isModulo()) {
        this.#at++
        value /= 100
        percent = true
      } else if (this.#peek('%')) {
        this.#at++
        const right = this.#atom()
        if (right === 0) throw new NoSum('division-by-zero')
        value %= right
        percent = false
      } else return { value, percent }
    }
  }

  /** `17 % 5` is a remainder, `17% of 5` and `17%` are not. */
  #isModulo(): boolean {
    const after = this.#tokens[this.#at + 1]
    return after !== undefined && (after.kind === 'number' || (after.kind === 'sign' && after.sign === '('))
  }

  #atom(): number {
    const token = this.#tokens[this.#at++]
    if (token === undefined) throw new NoSum('syntax')
    if (token.kind === 'number') return token.value
    if (token.kind === 'sign') {
      if (token.sign !== '(') throw new NoSum('syntax')
      const value = this.#sum()
      if (!this.#take(')')) throw new NoSum('syntax')
      return value
    }
    const constant = constants[token.name]
    if (constant !== undefined && Object.hasOwn(constants, token.name)) return constant
    const fn = Object.hasOwn(functions, token.name) ? functions[token.name] : undefined
    if (fn === undefined || !this.#take('(')) throw new NoSum('syntax')
    const value = fn(this.#sum())
    if (!this.#take(')')) throw new NoSum('syntax')
    return value
  }
}

function factorial(value: number): number {
  if (!Number.isInteger(value) || value < 0) throw new NoSum('not-real')
  if (value > 170) throw new NoSum('too-large')
  let product = 1
  for (let factor = 2; factor <= value; factor++) product *= factor
  return product
}
