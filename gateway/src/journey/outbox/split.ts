import { readMarkdown } from '@moltbot/contract'
import { lexer, type Token } from 'marked'
import { fits } from './fits.ts'

/** How much one part takes: UTF-16 units and lines. */
interface Room { max: number; lines: number }

/**
 * Cuts Markdown into parts of at most `max` UTF-16 units (and `linesMax` lines) without breaking what it means: blocks stay
 * whole where they fit; a fence that is cut is closed and opened again, also in a list or a quote; a table repeats its head; a list
 * goes on item by item; a paragraph is cut between sentences, then words, never inside a link, image, code span or surrogate pair
 * unless one alone is larger than a whole part. Joining the parts gives the text back but for repeated fences and heads and the space at cuts.
 */
export function splitMarkdown(markdown: string, max: number, linesMax = Number.POSITIVE_INFINITY): string[] {
  const text = markdown.trim()
  if (text === '') return []
  if (fits(text, max, linesMax)) return [text]
  const whole: Room = { max, lines: linesMax }
  const parts: string[] = []
  let part = ''
  const close = (): void => {
    if (part.trim() !== '') parts.push(part.trimEnd())
    part = ''
  }
  const tokens = readMarkdown(text, (all) => [...lexer(all)])
  // What no reader can take apart is cut as the plain text it is.
  if (tokens === undefined) return packUnits(linesOf(text), '', whole, whole).map((each) => each.trim()).filter((each) => each !== '')
  for (const token of tokens) {
    if (token.raw === '') continue
    if (fits((part + token.raw).trimEnd(), max, linesMax)) {
      part += token.raw
      continue
    }
    if (part.trim() !== '' && fits(token.raw.trimEnd(), max, linesMax)) {
      close()
      part = token.raw
      continue
    }
    if (token.type === 'space') continue
    // A block larger than one part: fill up what is open only when a useful start of it fits, else begin a new part.
    const room: Room = { max: max - part.length, lines: linesMax - (part.split('\n').length - 1) }
    let pieces: string[] = []
    if (part.trim() !== '' && room.max > max / 2 && (room.lines > linesMax / 2 || linesMax === Number.POSITIVE_INFINITY)) pieces = splitBlock(token, room, whole)
    if (pieces.length === 0 || !fits((part + (pieces[0] ?? '')).trimEnd(), max, linesMax)) {
      close()
      pieces = splitBlock(token, whole, whole)
    }
    const last = pieces.pop() ?? ''
    for (const piece of pieces) {
      part += piece
      close()
    }
    part += last + trailingBreaks(token.raw)
  }
  close()
  return parts.map((each) => each.replace(/^\n+/, ''))
}

function trailingBreaks(raw: string): string {
  return /(?<!\n)\n*$/.exec(raw)?.[0] ?? ''
}

/** Pieces of one block; the first may use `first`, the others `rest`. */
function splitBlock(token: Token, first: Room, rest: Room): string[] {
  switch (token.type) {
    case 'code': return packLines(linesOf(token.raw), first, rest)
    case 'table': return splitTable(token.raw, first, rest)
    case 'list': return packUnits((token['items'] as Token[]).map((item) => item.raw), '', first, rest, (item, ...rooms) => packLines(linesOf(item), ...rooms, true))
    case 'blockquote': return packLines(linesOf(token.raw), first, rest, true)
    default: return packUnits(inlineUnits(token), '', first, rest)
  }
}

function linesOf(raw: string): string[] {
  return raw.replace(/(?<!\n)\n+$/, '').split(/(?<=\n)/)
}

/** A fence that is open: the line that opens it again, and the one that ends it. */
interface Fence { head: string; end: string; sign: string; indent: string }

/**
 * The fence that is open after a line; `nested`: in a list or a quote, where one without an end goes no further than what it stands in. Opened
 * again, it has its language only where there is room; where pieces are tiny, it is text like any other.
 */
function fenceAfter(line: string, before: Fence | undefined, { max, lines }: Room, nested: boolean): Fence | undefined {
  const open = nested && before !== undefined && isOutside(line, before) ? undefined : before
  const mark = /^((?:[ \t]|>|[-+*](?=[ \t])|\d{1,9}[.)](?=[ \t])|\[[ xX]\](?=[ \t]))*)(`{3,}(?=[^`]*$)|~{3,})/.exec(line)
  const [, lead = '', sign = ''] = mark ?? []
  if (open !== undefined) return sign.startsWith(open.sign) && (nested ? /^[\s>]*[`~]+\s*$/ : /^ {0,3}[`~]+\s*$/).test(line) ? undefined : open
  if (mark === null) return undefined
  // Under the mark of a list item its text goes on indented.
  const indent = lead.replaceAll(/[^>\s]/g, ' ')
  const full = `${indent}${line.slice(lead.length).replace(/\n$/, '')}`
  const end = `${indent}${sign}`
  if (lines < 3 || 2 * (2 * end.length + 2) > max) return undefined
  return { head: 2 * (full.length + end.length + 2) > max ? end : full, end, sign, indent }
}

/** Whether a line begins something new beside or above what an open fence stands in. */
function isOutside(line: string, { indent }: Fence): boolean {
  const depth = (text: string): number => text.split('>').length - 1
  if (line.trim() === '') return false
  return depth(/^[\s>]*/.exec(line)?.[0] ?? '') < depth(indent) || (/^[ \t]*(?:[-+*]|\d{1,9}[.)])\s/.test(line) && line.length - line.trimStart().length < indent.length)
}

/** Packs lines in order. Where a piece ends inside a fence it is closed there, and opened again by the next. */
function packLines(lines: readonly string[], first: Room, rest: Room, nested = false): string[] {
  const pieces: string[] = []
  let piece = ''
  let fence: Fence | undefined
  /** The fence that was opened last holds nothing yet: what stood in the piece before, the line that opens it, and whether it does so again. */
  let opened: { before: string; line: string; again: boolean } | undefined
  const room = (): Room => (pieces.length === 0 ? first : rest)
  const closed = (text: string, open: Fence | undefined): string => (open === undefined ? text : `${text.trimEnd()}\n${open.end}`)
  const fitting = (text: string, open: Fence | undefined): boolean => fits(closed(text, open).trimEnd(), room().max, room().lines)
  const end = (): void => {
    const text = opened?.before ?? closed(piece, fence)
    if (text.trim() !== '') pieces.push(text)
    opened = opened === undefined ? fence && { before: '', line: `${fence.head}\n`, again: true } : { ...opened, before: '' }
    piece = opened?.line ?? ''
  }
  const take = (line: string, after: Fence | undefined): void => {
    opened = fence === undefined && after !== undefined ? { before: piece, line, again: false } : undefined
    piece += line
    fence = after
  }
  for (const line of lines) {
    const after = fenceAfter(line, fence, room(), nested)
    if (fitting(piece + line, after)) {
      take(line, after)
      continue
    }
    if (piece !== '' && opened?.before !== '') end()
    const outside = nested && fence !== undefined && isOutside(line, fence)
    // The fence was closed with the piece.
    if (fence !== undefined && (outside || after === undefined)) {
      if (opened?.again === false) pieces.push(closed(piece, fence))
      fence = undefined
      piece = ''
      opened = undefined
      if (!outside) continue
    }
    if (opened?.again === false && fence !== undefined && piece.length > fence.head.length + 1) {
      // The line that opened it leaves no room beside it.
      opened = undefined
      end()
    }
    if (fitting(piece + line, after)) {
      take(line, after)
      continue
    }
    fence = after
    const overhead = fence === undefined ? 0 : fence.head.length + fence.end.length + 2
    const within = ({ max, lines: most }: Room): Room => ({ max: Math.max(1, max - overhead), lines: Math.max(1, most - (fence === undefined ? 0 : 2)) })
    const bits = cutText(line, within(room()), within(rest))
    bits.forEach((bit, at) => {
      piece += bit
      opened = undefined
      if (at < bits.length - 1) end()
    })
  }
  if (piece.trim() !== '' && opened?.again !== true) pieces.push(closed(piece, fence))
  return pieces
}

function splitTable(raw: string, first: Room, rest: Room): string[] {
  const lines = linesOf(raw)
  const head = (lines.shift() ?? '') + (lines.shift() ?? '')
  if (head.length + 1 > rest.max / 2 || rest.lines < 3) return packUnits([head, ...lines], '', first, rest)
  return packUnits(lines, head, first, rest)
}

/** Packs units in order; each piece starts with `head`. A unit larger than a piece is cut, as plain text where nothing else is said. */
function packUnits(units: readonly string[], head: string, first: Room, rest: Room, cut: (unit: string, first: Room, rest: Room) => string[] = cutText): string[] {
  const pieces: string[] = []
  let piece = head
  const room = (): Room => (pieces.length === 0 ? first : rest)
  const within = ({ max, lines }: Room): Room => ({ max: Math.max(1, max - head.length), lines: Math.max(1, lines - (head.split('\n').length - 1)) })
  for (const unit of units) {
    if (fits((piece + unit).trimEnd(), room().max, room().lines)) {
      piece += unit
      continue
    }
    if (piece !== head) {
      pieces.push(piece)
      piece = head
    }
    if (fits((piece + unit).trimEnd(), room().max, room().lines)) {
      piece += unit
      continue
    }
    for (const bit of cut(unit, within(room()), within(rest))) {
      if (piece !== head) pieces.push(piece)
      piece = head + bit
    }
    // What was cut may have lost its last line end, and the next unit begins on its own line.
    if (unit.endsWith('\n') && !piece.endsWith('\n')) piece += '\n'
  }
  if (piece !== head || pieces.length === 0) pieces.push(piece)
  return pieces
}

/** Cuts plain text at a line break, a sentence end or a space near the limit; never between the halves of a surrogate pair. */
function cutText(text: string, first: Room, rest: Room): string[] {
  const bits: string[] = []
  let left = text
  for (;;) {
    const { max, lines } = bits.length === 0 ? first : rest
    if (fits(left.trimEnd(), max, lines)) break
    const window = left.slice(0, Math.min(max, endOfLines(left, lines)))
    let at = window.lastIndexOf('\n') + 1
    if (at < max / 2 && window.length === max) at = Math.max(at, lastSentenceEnd(window))
    if (at < max / 2 && window.length === max) at = Math.max(at, window.lastIndexOf(' ') + 1)
    if (at <= 0) at = window.length
    const code = left.charCodeAt(at - 1)
    if (code >= 0xd800 && code <= 0xdbff) at = at > 1 ? at - 1 : at + 1
    bits.push(left.slice(0, at))
    left = left.slice(at)
  }
  bits.push(left)
  return bits
}

/** Where the first so many lines of a text end, with their line ends. */
function endOfLines(text: string, lines: number): number {
  if (lines === Number.POSITIVE_INFINITY) return text.length
  let at = 0
  for (let line = 0; line < lines; line += 1) {
    const end = text.indexOf('\n', at)
    if (end === -1) return text.length
    at = end + 1
  }
  return at
}

function lastSentenceEnd(window: string): number {
  let at = -1
  for (const match of window.matchAll(/[.!?…][)"'”]?\s/g)) at = match.index + match[0].length
  return at
}

/** The words of a paragraph with links, images, code spans and emphasis kept whole. */
function inlineUnits(token: Token): string[] {
  const inline = 'tokens' in token && Array.isArray(token.tokens) ? (token.tokens as Token[]) : []
  const raw = token.raw
  const joined = inline.map((each) => each.raw).join('')
  const start = joined === '' ? -1 : raw.indexOf(joined)
  if (start < 0) return sentences(raw)
  const units = [...(start > 0 ? [raw.slice(0, start)] : []), ...inline.flatMap((each) => (each.type === 'text' || each.type === 'escape' ? sentences(each.raw) : [each.raw]))]
  const tail = raw.slice(start + joined.length)
  return tail.trim() === '' ? glue(units) : glue([...units, tail])
}

/** A unit that begins without a space belongs to the word before it (`see [link](…).`). */
function glue(units: readonly string[]): string[] {
  const glued: string[] = []
  for (const unit of units) {
    const last = glued.at(-1)
    if (last !== undefined && !/\s$/.test(last) && !/^\s/.test(unit) && last.length + unit.length < 2_000) glued[glued.length - 1] = last + unit
    else glued.push(unit)
  }
  return glued
}

/** Pieces at sentence ends and line breaks; very long ones at every space. Joined they are the text again. */
function sentences(text: string): string[] {
  return text.split(/(?<=[.!?…][)"'”]?\s)|(?<=\n)/).flatMap((part) => (part.length > 400 ? part.split(/(?<=\s)/) : [part]))
}
