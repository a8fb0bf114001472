/** Where words look different on a network: start and length count UTF-16 units. */
export type FormattedRange = { start: number; length: number } & (
  | { kind: 'bold' | 'italic' | 'underline' | 'strike' | 'spoiler' | 'code' | 'quote' }
  | { kind: 'block'; language?: string | undefined }
  | { kind: 'link'; url: string }
)

/** More ranges than this nobody writes; the rest of them is left aside. */
const rangesMax = 500
const addressLengthMax = 2_000
const linksMax = 50
/** Keeps a mark apart from its neighbour where CommonMark would not see it as one; nobody sees it. */
const apart = '\u200b'

/**
 * What somebody wrote, with its formatting as Markdown. A text that looks the same everywhere stays as it is, and so does the first line of one that begins
 * with a slash (addresses stand behind their links there): it may be a command, and its words are compared. Marks around the whole of a line that stands alone set nothing apart and are left out.
 */
export function formattedWords(text: string, ranges: readonly FormattedRange[]): string {
  const lead = text.length - text.trimStart().length
  const end = text.trimEnd().length
  const isLine = !text.slice(lead, end).includes('\n')
  const telling = ranges.filter(({ kind, start, length }) => !(isLine && start <= lead && start + length >= end && (kind === 'bold' || kind === 'italic' || kind === 'underline' || kind === 'code')))
  if (text[lead] !== '/') return markRanges(text, telling)
  const lineEnd = text.indexOf('\n', lead)
  const shift = lineEnd === -1 ? text.length : lineEnd + 1
  const rest = telling.flatMap((range) => (range.start >= shift ? [{ ...range, start: range.start - shift }] : []))
  return withAddresses(text.slice(0, shift), telling) + markRanges(text.slice(shift), rest)
}

function withAddresses(line: string, ranges: readonly FormattedRange[]): string {
  const command = /^\s*\S*/.exec(line)?.[0].length ?? 0
  const links = ranges.flatMap((range) => (range.kind === 'link' && range.start >= command && isSound(line, range) ? [{ end: range.start + range.length, url: range.url }] : []))
  return links.slice(0, linksMax).toSorted((a, b) => b.end - a.end).reduce((words, { end, url }) => `${words.slice(0, end)} (${url})${words.slice(end)}`, line)
}

/**
 * Ranges over a text as CommonMark with strikethrough: read again, every letter has the marks it had. Underlined words stand in `<u>`, hidden ones between
 * `||`. What would be a mark by accident is escaped. Ranges that are none (outside of the text, not whole numbers, addresses nobody can follow) are left out;
 * without any the text stays as it is. Overlapping ones are cut; half of a character counts as the whole. Never throws, and looks at each character a few times.
 */
export function markRanges(text: string, ranges: readonly FormattedRange[]): string {
  const sound = ranges.filter((range) => isSound(text, range)).slice(0, rangesMax).map((range) => wholeCharacters(text, range)).toSorted((a, b) => a.start - b.start || b.length - a.length)
  return sound.length === 0 ? text : writeSections(text, sound)
}

function isSound(text: string, { start, length, ...what }: FormattedRange): boolean {
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(length) || start < 0 || length <= 0 || start + length > text.length) return false
  return what.kind !== 'link' || (typeof what.url === 'string' && what.url.length <= addressLengthMax && /^(?:https?|tg|mailto):\S+$/i.test(what.url))
}

const splitsPair = (text: string, at: number): boolean => /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(at - 1, at + 1))

function wholeCharacters<Range extends FormattedRange>(text: string, range: Range): Range {
  const start = splitsPair(text, range.start) ? range.start - 1 : range.start
  const end = range.start + range.length
  return { ...range, start, length: (splitsPair(text, end) ? end + 1 : end) - start }
}

interface Span { start: number; end: number }

/** Spans of one kind, in order: what overlaps or touches is one. */
function united(spans: readonly Span[]): Span[] {
  const all: Span[] = []
  for (const { start, end } of spans) {
    const last = all.at(-1)
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end)
    else all.push({ start, end })
  }
  return all
}

const spanOf = ({ start, length }: FormattedRange): Span => ({ start, end: start + length })

/** Quotes and blocks of code first: they stand in lines of their own. */
function writeSections(text: string, ranges: readonly FormattedRange[]): string {
  const quotes = united(ranges.filter(({ kind }) => kind === 'quote').map(spanOf))
  const blocks: (Span & { language: string | undefined })[] = []
  for (const range of ranges) {
    if (range.kind === 'block' && range.start >= (blocks.at(-1)?.end ?? 0)) blocks.push({ ...spanOf(range), language: range.language })
    // Code of several lines cannot stand within a line.
    else if (range.kind === 'code' && text.slice(range.start, range.start + range.length).trim().includes('\n') && range.start >= (blocks.at(-1)?.end ?? 0)) blocks.push({ ...spanOf(range), language: undefined })
  }
  const inline = ranges.filter(({ kind }) => kind !== 'quote' && kind !== 'block')
  const edges = [...new Set([0, text.length, ...[...quotes, ...blocks].flatMap(({ start, end }) => [start, end])])].toSorted((a, b) => a - b)
  let written = ''
  let before: { quote: Span | undefined } | undefined
  edges.slice(1).forEach((end, index) => {
    const start = edges[index] ?? 0
    const quote = quotes.find((span) => span.start <= start && end <= span.end)
    const block = blocks.find((span) => span.start <= start && end <= span.end)
    const section = text.slice(start, end)
    // Lines end at the edges of quotes and blocks by themselves.
    const from = start === 0 ? start : start + (/^[ \t]*\n+/.exec(section)?.[0].length ?? 0)
    const to = end === text.length ? end : start + section.trimEnd().length
    if (block !== undefined ? section.trim() === '' : from >= to) return
    const words = block === undefined ? writeParagraphs(text, from, to, inline) : fenced(withoutEmptyEdges(section), block.language)
    const lines = quote === undefined ? words : words.split('\n').map((line) => `> ${line}`.trimEnd()).join('\n')
    // A line right behind a quote would go on with it.
    const isBehindQuote = before?.quote !== undefined && before.quote !== quote
    written += (before === undefined ? '' : isBehindQuote ? '\n\n' : '\n') + lines
    before = { quote }
  })
  return written
}

/** Without the line ends it begins and ends with. */
function withoutEmptyEdges(text: string): string {
  let [start, end] = [0, text.length]
  while (text[start] === '\n') start += 1
  while (end > start && text[end - 1] === '\n') end -= 1
  return text.slice(start, end)
}

const backticksMost = (text: string): number => Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length))

function fenced(code: string, language: string | undefined): string {
  const fence = '`'.repeat(Math.max(3, backticksMost(code) + 1))
  return `${fence}${/^[A-Za-z0-9_+#.-]{1,32}$/.test(language ?? '') ? language : ''}\n${code}\n${fence}`
}

function writeParagraphs(text: string, from: number, to: number, ranges: readonly FormattedRange[]): string {
  let written = ''
  let start = from
  for (const gap of text.slice(from, to).matchAll(/\n(?:[ \t]*\n)+/g)) {
    written += writeParagraph(text, start, from + gap.index, ranges) + gap[0]
    start = from + gap.index + gap[0].length
  }
  return written + writeParagraph(text, start, to, ranges)
}

type Kind = 'link' | 'spoiler' | 'underline' | 'strike' | 'bold' | 'both' | 'italic' | 'code'
/** Which stands around which where both begin and end at once, outermost first. Code is always the innermost: nothing is read in it. */
const order: readonly Kind[] = ['link', 'spoiler', 'underline', 'strike', 'bold', 'both', 'italic', 'code']
interface Piece extends Span { kind: Kind; url?: string }
interface Mark { kind: Kind; opens: boolean; at: number; piece: Piece; sign: string }

function writeParagraph(text: string, from: number, to: number, ranges: readonly FormattedRange[]): string {
  const addresses = addressesIn(text, from, to)
  const pieces = piecesIn(text, from, to, ranges, addresses)
  const nested = placeMarks(text, from, to, pieces)
  // Stars in one another within a word are not read alike by all readers.
  const isTight = nested.some(({ kind, sign }) => kind === 'italic' && sign === '*') && nested.some(({ kind }) => kind === 'bold')
  const marks = isTight ? placeMarks(text, from, to, sideBySide(text, pieces)) : nested
  return emit(text, from, to, marks, new Map(addresses.map((address) => [address.start, address])))
}

/** Bare addresses: marks within them would become part of them. `end` leaves signs of punctuation out, `runEnd` does not. */
interface Address extends Span { runEnd: number }

function addressesIn(text: string, from: number, to: number): Address[] {
  return [...text.slice(from, to).matchAll(/\bhttps?:\/\/[A-Za-z0-9-][^\s<]*/gi)].map((match) => {
    const start = from + match.index
    const runEnd = start + match[0].length
    let end = runEnd
    while (!/[A-Za-z0-9/#=&-]/.test(text.charAt(end - 1))) end -= 1
    return { start, end, runEnd }
  })
}

function piecesIn(text: string, from: number, to: number, ranges: readonly FormattedRange[], addresses: readonly Address[]): Piece[] {
  const within = ranges.flatMap((range): (Span & { range: FormattedRange })[] => {
    let start = Math.max(range.start, from)
    let end = Math.min(range.start + range.length, to)
    if (start >= end) return []
    for (const address of addresses) {
      if (start > address.start && start < address.end) start = address.end
      if (end > address.start && end < address.end) end = address.start
    }
    const words = text.slice(start, Math.max(start, end))
    start += words.length - words.trimStart().length
    end = start + words.trim().length
    return start < end ? [{ start, end, range }] : []
  })
  const links: Piece[] = []
  for (const { start: wanted, end, range } of within) {
    const words = text.slice(Math.max(wanted, links.at(-1)?.end ?? 0), end)
    const start = end - words.trimStart().length
    if (range.kind === 'link' && start < end && words !== range.url) links.push({ kind: 'link', start, end, url: range.url })
  }
  const others = order.slice(1).flatMap((kind) => united(within.filter(({ range }) => range.kind === kind).toSorted((a, b) => a.start - b.start)).map((span): Piece => ({ kind, ...span })))
  return [...links, ...others]
}

/** Bold and italic one after the other, never in one another: what is both is a piece of its own. */
function sideBySide(text: string, pieces: readonly Piece[]): Piece[] {
  const starred = pieces.filter(({ kind }) => kind === 'bold' || kind === 'italic')
  const edges = [...new Set(starred.flatMap(({ start, end }) => [start, end]))].toSorted((a, b) => a - b)
  const apartPieces = edges.slice(1).flatMap((edge, index): Piece[] => {
    const from = edges[index] ?? edge
    const kinds = starred.filter(({ start, end }) => start <= from && edge <= end).map(({ kind }) => kind)
    const words = text.slice(from, edge)
    const start = edge - words.trimStart().length
    const end = from + words.trimEnd().length
    const [kind] = kinds
    return kind === undefined || start >= end ? [] : [{ kind: kinds.length > 1 ? 'both' : kind, start, end }]
  })
  return [...pieces.filter((one) => !starred.includes(one)), ...apartPieces]
}

/** Where marks open and close, each within what it was opened in. No mark opens before a space or closes behind one. */
function placeMarks(text: string, from: number, to: number, pieces: readonly Piece[]): Mark[] {
  const edges = [...new Set(pieces.flatMap(({ start, end }) => [start, end]))].toSorted((a, b) => a - b)
  const starting = new Map<number, Piece[]>()
  for (const piece of pieces) starting.set(piece.start, [...(starting.get(piece.start) ?? []), piece])
  const marks: Mark[] = []
  const open: Mark[] = []
  const waiting = new Set<Piece>()
  const close = (at: number): Piece | undefined => {
    const mark = open.pop()
    if (mark !== undefined) marks.push({ ...mark, opens: false, at })
    return mark?.piece
  }
  edges.forEach((edge, index) => {
    const next = edges[index + 1] ?? to
    const words = text.slice(from, edge)
    const lastWord = from + words.trimEnd().length
    const lowest = open.findIndex(({ piece }) => piece.end <= edge)
    while (lowest !== -1 && open.length > lowest) {
      const piece = close(lastWord)
      if (piece !== undefined && piece.end > edge) waiting.add(piece)
    }
    for (const piece of starting.get(edge) ?? []) waiting.add(piece)
    for (const piece of waiting) if (piece.end <= edge) waiting.delete(piece)
    const stretch = text.slice(edge, next)
    const firstWord = edge + stretch.length - stretch.trimStart().length
    if (waiting.size === 0 || firstWord >= next) return
    if (open.at(-1)?.kind === 'code') {
      const piece = close(lastWord)
      if (piece !== undefined) waiting.add(piece)
    }
    for (const piece of [...waiting].toSorted((a, b) => Number(a.kind === 'code') - Number(b.kind === 'code') || b.end - a.end || order.indexOf(a.kind) - order.indexOf(b.kind))) {
      const mark: Mark = { kind: piece.kind, opens: true, at: firstWord, piece, sign: '' }
      marks.push(mark)
      open.push(mark)
      waiting.delete(piece)
    }
  })
  while (open.length > 0) close(from + text.slice(from, to).trimEnd().length)
  return signed(text, from, to, marks)
}

const signs: Record<Kind, [string, string]> = { link: ['[', '](…)'], spoiler: ['||', '||'], underline: ['<u>', '</u>'], strike: ['~~', '~~'], bold: ['**', '**'], both: ['***', '***'], italic: ['*', '*'], code: ['`', '`'] }

/** The same marks with what is written for each. Italic is `_` where it stands free and nothing is struck, so that it keeps apart from bold. */
function signed(text: string, from: number, to: number, marks: readonly Mark[]): Mark[] {
  const open: number[] = []
  const isStruck = marks.some(({ kind }) => kind === 'strike')
  const all = marks.map((mark) => ({ ...mark, sign: signs[mark.kind][mark.opens ? 0 : 1] }))
  all.forEach((mark, index) => {
    if (mark.opens) return void open.push(index)
    const first = all[open.pop() ?? -1]
    if (first === undefined) return
    if (mark.kind === 'link') mark.sign = `](${addressIn(mark.piece.url ?? '')})`
    if (mark.kind === 'italic' && !isStruck && isFree(first.at === from ? '' : text.charAt(first.at - 1)) && isFree(mark.at === to ? '' : text.charAt(mark.at))) first.sign = mark.sign = '_'
    if (mark.kind === 'code') {
      const code = text.slice(first.at, mark.at)
      const fence = '`'.repeat(backticksMost(code) + 1)
      const pad = code.startsWith('`') || code.endsWith('`') ? ' ' : ''
      first.sign = fence + pad
      mark.sign = pad + fence
    }
  })
  return all
}

const addressIn = (url: string): string => url.replace(/[()<>\\`*~[\]|]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`).replace(/&(?=#?\w{1,32};)/g, '&amp;')

/** Spaces and signs: next to them a mark may stand. Halves of characters and `~`, which not every reader takes for a sign, count as letters: the careful side. */
const isFree = (unit: string): boolean => unit === '' || /(?!~)[\s\p{P}\p{S}]/u.test(unit)
const isLetter = (unit: string): boolean => /[\p{L}\p{N}]/u.test(unit)

function emit(text: string, from: number, to: number, marks: readonly Mark[], addresses: ReadonlyMap<number, Address>): string {
  const isStruck = marks.some(({ kind }) => kind === 'strike')
  const escapesTildes = isStruck || text.indexOf('~') !== text.lastIndexOf('~')
  let out = ''
  let at = from
  let last = ''
  const open: Kind[] = []
  const openSigns: string[] = []

  function stretch(end: number): void {
    if (end <= at) return
    if (open.at(-1) === 'code') out += text.slice(at, end)
    else out += escaped(text, { from, to, start: at, end }, { escapesTildes, inMark: open.length > 0, inLink: open.includes('link'), atLineStart: out === '' || out.endsWith('\n') }, addresses)
    at = end
    last = ''
  }

  marks.forEach((mark, index) => {
    stretch(mark.at)
    const { kind, sign, opens } = mark
    const follower = marks[index + 1]
    const next = follower?.at === mark.at ? follower : undefined
    if (kind === 'bold' || kind === 'both' || kind === 'italic' || kind === 'strike') {
      if (last.startsWith(sign.charAt(0))) out += apart
      if (opens) {
        // Between two signs it could close what is open as well.
        const mayClose = /\S$/.test(out) && (kind === 'strike' || openSigns.some((one) => one.startsWith(sign.charAt(0))))
        out += (isFree(out.slice(-1)) && !mayClose) || (next === undefined && isLetter(text.charAt(at))) ? sign : sign + apart
      }
      else {
        const inner = out.slice(-1)
        const isOuterFree = (kind !== 'strike' || (next === undefined && !/\S/.test(text.slice(at, at + 1)))) && (next?.opens === true || at >= to || isFree(text.charAt(at))) && ![sign.charAt(0), '~'].includes(next?.sign.charAt(0) ?? '')
        out += isOuterFree || isLetter(inner) || inner === apart ? sign : apart + sign
      }
    } else out += sign
    last = sign
    if (opens) {
      open.push(kind)
      openSigns.push(sign)
    } else {
      open.pop()
      openSigns.pop()
    }
  })
  stretch(to)
  return out
}

interface Surrounding { escapesTildes: boolean; inMark: boolean; inLink: boolean; atLineStart: boolean }

/** Words between marks, so that nothing in them is one. */
function escaped(text: string, { from, to, start, end }: { from: number; to: number; start: number; end: number }, around: Surrounding, addresses: ReadonlyMap<number, Address>): string {
  let out = ''
  let atLineStart = around.atLineStart
  for (let at = start; at < end;) {
    const address = around.inLink ? undefined : addresses.get(at)
    if (address !== undefined && address.end <= end) {
      const isWhole = !around.inMark && address.runEnd <= end
      out += isWhole ? text.slice(at, address.runEnd) : `<${text.slice(at, address.end)}>`
      at = isWhole ? address.runEnd : address.end
      atLineStart = false
      continue
    }
    const sign = text.charAt(at)
    if (atLineStart) {
      const spaces = /^[ \t]+/.exec(text.slice(at, end))?.[0]
      if (spaces !== undefined) {
        // Four columns would make code of it.
        const columns = spaces.replaceAll('\t', '    ')
        out += columns.length < 4 ? columns : '\u00a0'.repeat(columns.length)
        at += spaces.length
        atLineStart = text.charAt(at) !== '\n'
        if (at >= end) break
        continue
      }
      atLineStart = sign === '\n'
      const lineEnd = text.indexOf('\n', at)
      const line = text.slice(at, lineEnd === -1 ? to : Math.min(lineEnd, to))
      const number = /^\d{1,9}(?=[.)](?:\s|$))/.exec(line)?.[0]
      if (number !== undefined && at + number.length < end) {
        out += `${number}\\${text.charAt(at + number.length)}`
        at += number.length + 1
        continue
      }
      if (/^(?:#{1,6}(?:\s|$)|>|[-+*](?:\s|$)|_[ \t]|=+\s*$|[|:\- \t]+$)/.test(line)) {
        out += `\\${sign}`
        at += 1
        continue
      }
    }
    if (sign === '\n') atLineStart = true
    out += isMarkAt(text, at, { from: start, to: end, isLast: end === to && !around.inMark, isFirst: start === from && !around.inMark }, around) ? `\\${sign}` : sign
    at += 1
  }
  return out
}

/** Whether a sign could be read as a mark, seen with its neighbours; at the edge of a stretch its neighbour is a mark. */
function isMarkAt(text: string, at: number, { from, to, isLast, isFirst }: { from: number; to: number; isLast: boolean; isFirst: boolean }, { escapesTildes, inLink }: Surrounding): boolean {
  const sign = text.charAt(at)
  const isAtEdge = at + 1 === to && !isLast
  const before = at === from ? (isFirst ? '\n' : '*') : text.charAt(at - 1)
  const after = at + 1 === to ? (isLast ? '\n' : '*') : text.charAt(at + 1)
  switch (sign) {
    case '\\':
      return /[!-/:-@[-`{-~\n]/.test(after)
    case '`':
      return true
    case '*':
      return !(/\s/.test(before) && /\s/.test(after))
    case '_': {
      let first = at
      let last = at
      while (first > from && at - first < 100 && text.charAt(first - 1) === '_') first -= 1
      while (last + 1 < to && last - at < 100 && text.charAt(last + 1) === '_') last += 1
      return !(first > from && last + 1 < to && isLetter(text.charAt(first - 1)) && isLetter(text.charAt(last + 1)))
    }
    case '~':
      return escapesTildes
    case '[':
      return inLink
    case ']':
      return inLink || isAtEdge || '([:'.includes(after)
    case '!':
      return isAtEdge || after === '['
    case '<':
      return isAtEdge || !/\s/.test(after)
    case '&':
      return /^&#?\w{1,32};/.test(text.slice(at, at + 36))
    case '|':
      return isAtEdge || before === '|' || after === '|' || (at === from && !isFirst)
    default:
      return false
  }
}
