import type { Tokens } from 'marked'

/** A formula in a text. `text`: its TeX without the marks around it. */
export interface FormulaToken extends Tokens.Generic {
  type: 'formula'
  raw: string
  text: string
  /** Stands on lines of its own. */
  isBlock: boolean
  /** One too many of its text: shown as its source. */
  isBeyond?: boolean
}

/*
 * What stands inside ends where the next one would begin, and at an empty line: so however many begin and never end, each character is
 * looked at once or twice. The length only keeps the matcher's own stack small; what is drawn is shorter (`draw-formula.ts`).
 */
const dollars = String.raw`\$\$((?:(?!\n[ \t]*\n)(?:\\[^\n]|[^\\$]|\\\n)){1,10000})\$\$`
const brackets = String.raw`\\\[((?:(?!\n[ \t]*\n)(?:\\[^[\]]|[^\\])){1,10000})\\\]`
const parentheses = String.raw`\\\(((?:(?!\n[ \t]*\n)(?:\\[^()]|[^\\])){1,10000})\\\)`
// Not money: no space within its ends, and no digit, capital or underscore ($HOME/$USER) after it. Code is never part of it.
const dollar = String.raw`\$(?![\s$])((?:\\[^\n]|[^\\$\n${'`'}]){1,10000})(?<!\s)\$(?![\dA-Z_$])`

const asBlock = new RegExp(`^ {0,3}(?:${dollars}|${brackets})[ \\t]*(?:\\n+|$)`)
const asInline = new RegExp(`^(?:${dollars}|${brackets}|${parentheses}|${dollar})`)
const anywhere = new RegExp(`(?<!\\\\)(?:${dollars}|${brackets}|${parentheses}|${dollar})`, 'g')

/** "$5, or 5$" and the like: begins with a number, goes on in words, and holds nothing that only TeX has. */
function isMoney(tex: string): boolean {
  return /^\d/.test(tex) && !/[\\^_{=]/.test(tex) && /\s\p{L}{2,}/u.test(tex)
}

/** The formula a text begins with: `$$…$$`, `\[…\]`, and within a line `\(…\)` and `$…$`. Undefined while it has no end. */
export function findFormula(source: string, level: 'block' | 'inline'): FormulaToken | undefined {
  const found = (level === 'block' ? asBlock : asInline).exec(source)
  if (found === null) return undefined
  const [raw, inDollars, inBrackets, inParentheses, inDollar] = found
  const text = (inDollars ?? inBrackets ?? inParentheses ?? inDollar ?? '').trim()
  if (text === '' || (inDollar !== undefined && isMoney(inDollar))) return undefined
  return { type: 'formula', raw, text, isBlock: inDollars !== undefined || inBrackets !== undefined }
}

/** Where a formula cuts a paragraph short: at a line that begins one which ends. Looks no further than an empty line. */
export function formulaBlockFrom(source: string): number | undefined {
  const near = source.slice(0, 4_000)
  const end = near.indexOf('\n\n')
  const part = end === -1 ? near : near.slice(0, end)
  for (const { index } of part.matchAll(/\n {0,3}(?:\$\$|\\\[)/g)) if (asBlock.test(part.slice(index + 1))) return index + 1
  return undefined
}

/** The same text, as long as before, with nothing in its formulas that could begin or end emphasis. Not in paragraphs so long that looking would be felt. */
export function maskFormulas(text: string): string {
  return text.length < 4_000 && /[*_~]/.test(text) && /\$|\\[([]/.test(text) ? text.replace(anywhere, (whole) => 'x'.repeat(whole.length)) : text
}
