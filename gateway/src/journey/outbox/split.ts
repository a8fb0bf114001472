import { isTangled } from '@moltbot/contract'
import { lexer, type Token } from 'marked'
import { fits } from './fits.ts'

/**
 * Cuts Markdown into parts of at most `max` UTF-16 units (and `linesMax` lines) without breaking what it means: blocks stay
 * whole where they fit; a fence that is cut is closed and opened again; a table repeats its head; a list goes on item by item;
 * a paragraph is cut between sentences, then words, never inside a link, image, code span or surrogate pair unless one alone
 * is larger than a whole part. Joining the parts gives the text back but for repeated fences and heads and the space at cuts.
 */
export function splitMarkdown(markdown: string, max: number, linesMax = Number.POSITIVE_INFINITY): string[] {
  const text = markdown.trim()
  if (text === '') return []
  if (fits(text, max, linesMax)) return [text]
  const parts: string[] = []
  let part = ''
  // What no reader could take apart in time is cut as the plain text it is.
  if (isTangled(text)) return packUnits(linesOf(text), '', max, linesMax, max).map((each) => each.trim()).filter((each) => each !== '')
  for (const token of lexer(text)) {
    if (token.raw === '') continue
    if (fits((part + token.raw).trimEnd(), max, linesMax)) {
      part += token.raw
      continue
    }
    if (part.trim() !== '' && fits(token.raw.trim(), max, linesMax)) {
      parts.push(part.trimEnd())
      part = token.raw
      continue
    }
    if (token.type === 'space') continue
    // A block larger than one part: fill up what is open only when a useful start of it fits, else begin a new part.
    const room = max - part.length
    const inOpenPart = part.trim() !== '' && room > max / 2
    if (part.trim() !== '' && !inOpenPart) {
      parts.push(part.trimEnd())
      part = ''
    }
    const pieces = splitBlock(token, max, linesMax, inOpenPart ? room : max)
    const last = pieces.pop() ?? ''
    pieces.forEach((piece, at) => parts.push((at === 0 ? part + piece : piece).trimEnd()))
    part = (pieces.length === 0 ? part : '') + last + trailingBreaks(token.raw)
  }
  if (part.trim() !== '') parts.push(part.trimEnd())
  return parts.filter((each) => each.trim() !== '').map((each) => each.replace(/^\n+/, ''))
}

function trailingBreaks(raw: string): string {
  return /(?<!\n)\n*$/.exec(raw)?.[0] ?? ''
}

/** Pieces of one block; the first may use `firstMax`, the others `max`. */
function splitBlock(token: Token, max: number, linesMax: number, firstMax: number): string[] {
  switch (token.type) {
    case 'code': return splitCode(token.raw, max, linesMax, firstMax)
    case 'table': return splitTable(token.raw, max, linesMax, firstMax)
    case 'list': return packUnits((token['items'] as Token[]).map((item) => item.raw), '', max, linesMax, firstMax)
    case 'blockquote': return packUnits(linesOf(token.raw), '', max, linesMax, firstMax)
    default: return packUnits(inlineUnits(token), '', max, linesMax, firstMax)
  }
}

function linesOf(raw: string): string[] {
  return raw.replace(/(?<!\n)\n+$/, '').split(/(?<=\n)/)
}

function splitCode(raw: string, max: number, linesMax: number, firstMax: number): string[] {
  const lines = linesOf(raw)
  const open = /^( {0,3})(`{3,}(?!`)|~{3,}(?!~))[^\n]*\n?$/.exec(lines[0] ?? '')
  if (open === null) return packUnits(lines, '', max, linesMax, firstMax)
  const head = (lines.shift() ?? '').replace(/\n$/, '')
  const fence = open[2] ?? '```'
  if (lines.at(-1)?.trim() === fence || lines.at(-1)?.trim().startsWith(fence)) lines.pop()
  const overhead = head.length + fence.length + 2
  if (overhead + 1 > max) return packUnits(lines, '', max, linesMax, firstMax)
  const pieces = packUnits(lines, '', max - overhead, linesMax - 2, Math.max(1, firstMax - overhead))
  return pieces.map((piece) => `${head}\n${piece.replace(/\n$/, '')}\n${fence}`)
}

function splitTable(raw: string, max: number, linesMax: number, firstMax: number): string[] {
  const lines = linesOf(raw)
  const head = (lines.shift() ?? '') + (lines.shift() ?? '')
  if (head.length + 1 > max / 2) return packUnits([head, ...lines], '', max, linesMax, firstMax)
  return packUnits(lines, head, max, linesMax, firstMax)
}

/** Packs units in order; each piece starts with `head`. A unit larger than a piece is cut at spaces, at worst between characters. */
function packUnits(units: readonly string[], head: string, max: number, linesMax: number, firstMax: number): string[] {
  const pieces: string[] = []
  let piece = head
  const limit = (): number => (pieces.length === 0 ? firstMax : max)
  for (const unit of units) {
    if (fits((piece + unit).trimEnd(), limit(), linesMax)) {
      piece += unit
      continue
    }
    if (piece !== head) {
      pieces.push(piece)
      piece = head
    }
    if (fits((piece + unit).trimEnd(), limit(), linesMax)) {
      piece += unit
      continue
    }
    for (const bit of cutText(unit, Math.max(1, limit() - head.length), Math.max(1, max - head.length))) {
      if (piece !== head) pieces.push(piece)
      piece = head + bit
    }
  }
  if (piece !== head || pieces.length === 0) pieces.push(piece)
  return pieces
}

/** Cuts plain text at a line break, a sentence end or a space near the limit; never between the halves of a surrogate pair. */
function cutText(text: string, firstMax: number, max: number): string[] {
  const bits: string[] = []
  let rest = text
  while (rest.trimEnd().length > (bits.length === 0 ? firstMax : max)) {
    const limit = bits.length === 0 ? firstMax : max
    const window = rest.slice(0, limit)
    let at = Math.max(window.lastIndexOf('\n') + 1, 0)
    if (at < limit / 2) at = Math.max(at, lastSentenceEnd(window))
    if (at < limit / 2) at = Math.max(at, window.lastIndexOf(' ') + 1)
    if (at <= 0) at = limit
    const code = rest.charCodeAt(at - 1)
    if (code >= 0xd800 && code <= 0xdbff) at = at > 1 ? at - 1 : at + 1
    bits.push(rest.slice(0, at))
    rest = rest.slice(at)
  }
  bits.push(rest)
  return bits
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
