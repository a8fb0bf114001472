/**
 * Programs that, used so, only turn what comes in into what goes out: no file is named, no program is started. What is written here is
 * all that is taken: an option that is missing, or cut short, makes it no filter.
 */
interface Grammar {
  /** Short options without a value. */
  flags: string
  /** Short options with one, in the same word or the next. */
  valued?: Readonly<Record<string, RegExp>>
  /** Long options in full; with a pattern: `--name=value` alone. */
  long?: Readonly<Record<string, RegExp | true>>
  /** A whole first word that is an option in its own right (`head -5`). */
  word?: RegExp
  /** What each operand must be. As many as there are patterns; `fewer` may be left out. */
  operands?: readonly RegExp[]
  fewer?: number
}

const any = /^[^]*$/
const count = /^\d{1,9}$/
const lines = /^[+-]?\d{1,9}[bkKMG]?$/
const list = /^[\d,-]{1,200}$/
const separator = /^[^]{1,4}$/
const sortKey = /^\d{1,4}(?:\.\d{1,4})?[bdfghiMnRrV]*(?:,\d{1,4}(?:\.\d{1,4})?[bdfghiMnRrV]*)?$/
const jqWords = [
  'keys', 'length', 'type', 'sort', 'unique', 'add', 'any', 'all', 'not', 'and', 'or', 'map', 'select', 'has', 'tostring', 'tonumber', 'first', 'last', 'min', 'max', 'reverse', 'to_entries', 'from_entries',
  'values', 'empty', 'flatten', 'join', 'split', 'ascii_downcase', 'ascii_upcase', 'sort_by', 'group_by', 'unique_by', 'min_by', 'max_by', 'contains', 'startswith', 'endswith', 'null', 'true', 'false', 'floor', 'round', 'abs', 'tojson',
]
/** Fields, indexes, pipes, comparisons, plain texts, and functions of this list: nothing of jq that reads files, names or variables of its surroundings. */
const jqFilter = new RegExp(String.raw`^(?:[\s[\](){}|,:?+*]|-|==|!=|[<>]=?|\.[A-Za-z_][A-Za-z0-9_]*|\.|"[A-Za-z0-9_ .:/-]*"|\d+(?![A-Za-z0-9_])|(?<![A-Za-z0-9_.])(?:${jqWords.join('|')})(?![A-Za-z0-9_:]))*$`)

const filters: Readonly<Record<string, Grammar>> = {
  cat: { flags: 'AbeEnstTuv' },
  cut: { flags: 'snz', valued: { b: list, c: list, f: list, d: separator }, long: { complement: true, 'output-delimiter': separator, 'only-delimited': true } },
  grep: {
    flags: 'EFGPivwxcnlLhHoqsbazy', valued: { m: count, A: count, B: count, C: count },
    long: { 'ignore-case': true, 'invert-match': true, count: true, 'line-number': true, 'only-matching': true, quiet: true, 'extended-regexp': true, 'fixed-strings': true, 'word-regexp': true, 'line-regexp': true, 'max-count': count },
    operands: [any],
  },
  head: { flags: 'qvz', valued: { n: lines, c: lines }, long: { lines, bytes: lines }, word: /^-\d{1,9}$/ },
  jq: {
    flags: 'rjcsnMCSea',
    long: { 'raw-output': true, 'compact-output': true, slurp: true, 'null-input': true, 'sort-keys': true, 'exit-status': true, 'monochrome-output': true, tab: true },
    operands: [jqFilter],
  },
  sort: { flags: 'bdfghiMnRrVsuz', valued: { k: sortKey, t: separator }, long: { reverse: true, unique: true, 'numeric-sort': true, 'human-numeric-sort': true, 'version-sort': true, 'ignore-case': true, stable: true } },
  tail: { flags: 'qvz', valued: { n: lines, c: lines }, long: { lines, bytes: lines }, word: /^-\d{1,9}$/ },
  tr: { flags: 'cCdst', operands: [any, any], fewer: 1 },
  uniq: { flags: 'cdDiuz', valued: { f: count, s: count, w: count }, long: { count: true, repeated: true, unique: true, 'ignore-case': true } },
  wc: { flags: 'clmwL', long: { lines: true, words: true, bytes: true, chars: true, 'max-line-length': true } },
}

/** The programs that have such a grammar. */
export const safeFilterNames: readonly string[] = Object.keys(filters)

/** Whether this call is such a filter. `argv` with a bare name. */
export function isSafeFilter([name = '', ...rest]: readonly string[]): boolean {
  const grammar = Object.hasOwn(filters, name) ? filters[name] : undefined
  if (grammar === undefined) return false
  let at = 0
  for (; at < rest.length; at += 1) {
    const word = rest[at] ?? ''
    if (word === '-' || !word.startsWith('-')) break
    if (word === '--') {
      at += 1
      break
    }
    if (grammar.word?.test(word) === true) {
      if (at > 0) return false
      continue
    }
    const taken = word.startsWith('--') ? (isLong(grammar, word.slice(2)) ? 0 : undefined) : shortOptions(grammar, word.slice(1), rest[at + 1])
    if (taken === undefined) return false
    at += taken
  }
  const operands = rest.slice(at)
  const patterns = grammar.operands ?? []
  // What looks like an option behind an operand is one for some programs and a file for others.
  return operands.length <= patterns.length && operands.length >= patterns.length - (grammar.fewer ?? 0) && operands.every((operand, index) => (patterns[index] as RegExp).test(operand) && (!operand.startsWith('-') || rest[at - 1] === '--'))
}

function isLong(grammar: Grammar, text: string): boolean {
  const equals = text.indexOf('=')
  const name = equals === -1 ? text : text.slice(0, equals)
  const shape = grammar.long !== undefined && Object.hasOwn(grammar.long, name) ? grammar.long[name] : undefined
  if (shape === undefined) return false
  return shape === true ? equals === -1 : equals !== -1 && shape.test(text.slice(equals + 1))
}

/** How many further words they take; undefined: one of them is not in the grammar. */
function shortOptions(grammar: Grammar, letters: string, next: string | undefined): number | undefined {
  for (const [index, letter] of [...letters].entries()) {
    const shape = grammar.valued !== undefined && Object.hasOwn(grammar.valued, letter) ? grammar.valued[letter] : undefined
    if (shape !== undefined) {
      const rest = letters.slice(index + 1)
      const value = rest === '' ? next : rest
      return value !== undefined && shape.test(value) ? (rest === '' ? 1 : 0) : undefined
    }
    if (!grammar.flags.includes(letter)) return undefined
  }
  return 0
}
