import { Marked, type Token } from 'marked'
import { findFormula, formulaBlockFrom, maskFormulas, type FormulaToken } from './formulas.ts'

// `breaks`: models and people end lines on purpose.
const reader = new Marked({ gfm: true, breaks: true })
reader.use({
  extensions: [
    { name: 'formulaBlock', level: 'block', start: formulaBlockFrom, tokenizer: (source) => findFormula(source, 'block') },
    {
      name: 'formula',
      level: 'inline',
      // `\(` and `\[` need no such hint: the reader stops at every backslash.
      start: (source) => source.indexOf('$'),
      // A letter or digit before it (US$5) makes it money.
      tokenizer: (source, before) => (source.startsWith('$') && /[\p{L}\p{N}]$/u.test(before.at(-1)?.raw.slice(-2) ?? '') ? undefined : findFormula(source, 'inline')),
    },
  ],
  hooks: { emStrongMask: maskFormulas },
})

/** Formulas of one text that are drawn; the others are shown as their source. */
export const formulasMax = 100

/** How many formulas stand in these tokens; those beyond `left` are marked to be shown as their source. */
function countFormulas(tokens: readonly Token[], left: number): number {
  let count = 0
  reader.walkTokens([...tokens], (token) => {
    if (token.type !== 'formula') return
    count += 1
    if (count > left) (token as FormulaToken).isBeyond = true
  })
  return count
}

/** One top-level block of a text. `id` never changes while its text does not, so that a drawn block stays as it is. */
export interface MarkdownBlock {
  id: number
  token: Token
}

/** The reader has faults of its own (marked 18: an item with an empty list in a quote); what it gives up on is shown as it is. */
function lex(text: string): Token[] {
  try {
    return reader.lexer(text)
  } catch {
    return [{ type: 'code', raw: text, text }]
  }
}

function normal(text: string): string {
  return text.replace(/\r\n?/g, '\n')
}

/**
 * Which of these blocks more text could still change: the last one that is not empty space, and what follows it. While the last block
 * is a line that has not ended, the one before it as well: `** **` is a rule of its own, but `** ** and` the next row of a table.
 */
function openFrom(tokens: readonly Token[]): number {
  let index = tokens.length - 1
  while (index > 0 && tokens[index]?.type === 'space') index -= 1
  if (index > 0 && tokens[index]?.raw.includes('\n') === false) index -= 1
  // A formula over several lines swallows what now looks like lists and headings, as soon as it ends. An empty line ends its chance.
  let first = Math.max(index, 0)
  while (first > 0 && tokens[first - 1]?.type !== 'space' && !/\n[ \t]*\n$/.test(tokens[first - 1]?.raw ?? '')) first -= 1
  return tokens.slice(first, index).some(({ raw }) => raw.includes('$$') || raw.includes('\\[')) ? first : Math.max(index, 0)
}

/** Marks of quotes and lists in one another; the reader's stack ends at some hundreds. */
const depthMax = 40
/** Signs that may begin something, in one block without an empty line; the reader looks from each to each. */
const signsMax = 3_000
/** Lines of one block outside a fence. */
const linesMax = 4_000
/** Beyond this no text is read as Markdown. */
const lengthMax = 400_000

/** Whether reading would freeze the page, or end the reader's stack: then the text is shown as it is. Looks at each character once. */
export function isTangled(text: string): boolean {
  if (text.length > lengthMax) return true
  let fence = ''
  let signs = 0
  let lines = 0
  for (const line of text.split('\n')) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1]
    if (mark !== undefined && (fence === '' || (mark.startsWith(fence) && line.trim() === mark))) {
      fence = fence === '' ? mark : ''
      signs = 0
      lines = 0
    } else if (fence === '') {
      if (line.trim() === '') {
        signs = 0
        lines = 0
      }
      lines += 1
      const lead = /^(?:[ \t]|>|[-+*](?=[ \t])|\d{1,9}[.)](?=[ \t]))*/.exec(line)?.[0] ?? ''
      const depth = lead.replace(/[\s\d]/g, '').length
      if (depth > depthMax || (depth > 0 && lead.replace(/\t/g, '    ').replace(/\S/g, '').length > 2 * depthMax)) return true
      signs += line.length - line.replace(/[*_~`[\]<!($]/g, '').length
      if (signs > signsMax || lines > linesMax) return true
    }
  }
  return false
}

export interface MarkdownReader {
  /** The blocks of the whole text. Text that continues what was read before costs only its open block. */
  read(text: string): readonly MarkdownBlock[]
}

/** Reads a text that grows: closed blocks are parsed once, the last open block again with every word. */
export function createMarkdownReader(): MarkdownReader {
  let closed: MarkdownBlock[] = []
  let closedText = ''
  let closedFormulas = 0
  let nextId = 0
  return {
    read(text) {
      const whole = normal(text)
      if (isTangled(whole)) return [{ id: nextId, token: { type: 'code', raw: whole, text: whole } }]
      if (!whole.startsWith(closedText)) {
        closed = []
        closedText = ''
        closedFormulas = 0
        nextId += 1000
      }
      const tokens = lex(whole.slice(closedText.length))
      const firstOpen = openFrom(tokens)
      const closing = countFormulas(tokens.slice(0, firstOpen), formulasMax - closedFormulas)
      countFormulas(tokens.slice(firstOpen), formulasMax - closedFormulas - closing)
      const fresh = tokens.map((token, index): MarkdownBlock => ({ id: nextId + index, token }))
      for (const token of tokens.slice(0, firstOpen)) closedText += token.raw
      // A reader that changed the text while reading (tabs, odd spaces) would lose its place; then everything stays open.
      if (whole.startsWith(closedText)) {
        closed = [...closed, ...fresh.slice(0, firstOpen)]
        closedFormulas += closing
        nextId += firstOpen
        return [...closed, ...fresh.slice(firstOpen)]
      }
      closed = []
      closedText = ''
      closedFormulas = 0
      const all = lex(whole)
      countFormulas(all, formulasMax)
      return all.map((token, index) => ({ id: index, token }))
    },
  }
}

const namedCharacters: Record<string, string> = {
  amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0', hellip: '…', mdash: '—', ndash: '–', copy: '©', reg: '®', trade: '™',
  euro: '€', pound: '£', laquo: '«', raquo: '»', ldquo: '“', rdquo: '”', lsquo: '‘', rsquo: '’', bdquo: '„', times: '×', deg: '°', middot: '·',
  bull: '•', rarr: '→', larr: '←', uarr: '↑', darr: '↓', check: '✓', para: '¶', sect: '§', plusmn: '±', frac12: '½', szlig: 'ß',
  auml: 'ä', ouml: 'ö', uuml: 'ü', Auml: 'Ä', Ouml: 'Ö', Uuml: 'Ü', eacute: 'é', egrave: 'è', agrave: 'à', ccedil: 'ç', shy: '\u00ad', zwj: '\u200d', zwnj: '\u200c',
}

/** The characters that `&…;` stands for. Unknown names stay as they are. */
export function decodeCharacters(text: string): string {
  return text.replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|[a-z][a-z0-9]{1,30});/gi, (whole, name: string) => {
    if (!name.startsWith('#')) return Object.hasOwn(namedCharacters, name) ? (namedCharacters[name] ?? whole) : whole
    const code = name[1] === 'x' || name[1] === 'X' ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10)
    return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : '\ufffd'
  })
}

/** The address a link may lead to, or undefined for every scheme but http, https and mailto. */
export function safeAddress(href: string): string | undefined {
  const address = decodeCharacters(href).trim()
  try {
    const url = new URL(address)
    return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url.href : undefined
  } catch {
    // Not an absolute address: a path would lead into the gateway itself.
    return undefined
  }
}

const drawable = /^data:image\/(?:png|jpeg|gif|webp);base64,[a-z0-9+/=\s]+$/i

/** Whether an image carries its own bytes. Everything else would be fetched from somewhere. */
export function isInlineImage(href: string): boolean {
  return drawable.test(href)
}
