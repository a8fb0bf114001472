/** Made when first needed: it takes longer to load than the rest of a command. */
let graphemes: Intl.Segmenter | undefined

/** The characters of a text as a person sees them. */
export function splitGraphemes(text: string): string[] {
  graphemes ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' })
  return Array.from(graphemes.segment(text), (part) => part.segment)
}

/** Columns a text takes in a terminal. Colour sequences count nothing, wide characters and emoji two. */
export function displayWidth(text: string): number {
  let width = 0
  for (const grapheme of splitGraphemes(text.replace(colourSequences, ''))) width += graphemeWidth(grapheme)
  return width
}

/** Columns of one grapheme. */
export function graphemeWidth(grapheme: string): number {
  const code = grapheme.codePointAt(0) ?? 0
  if (code < 0x20 || (code >= 0x7f && code < 0xa0) || /^[\p{Mn}\p{Me}\p{Cf}]/u.test(grapheme)) return 0
  if (code < 0x300) return grapheme.includes('\uFE0F') ? 2 : 1
  if (/\p{Emoji_Presentation}/u.test(grapheme) || grapheme.includes('\uFE0F')) return 2
  return isWide(code) ? 2 : 1
}

/** At most `width` columns, ended by … where something was cut. For text without colour. */
export function shorten(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  let kept = ''
  let used = 1
  for (const grapheme of splitGraphemes(text)) {
    used += graphemeWidth(grapheme)
    if (used > width) break
    kept += grapheme
  }
  return `${kept}…`
}

/**
 * Breaks a text into rows of at most `columns`, between words where possible. Colour that is on at a break is
 * switched off at the end of the row and on again in the next; `indent` starts every row of a line but its first.
 */
export function wrapText(text: string, columns: number, indent = ''): string[] {
  const rows: string[] = []
  for (const line of text.split('\n')) rows.push(...wrapLine(line, Math.max(columns, displayWidth(indent) + 2), indent))
  return rows
}

interface Piece { text: string; width: number; colour: boolean; space: boolean }

function wrapLine(line: string, columns: number, indent: string): string[] {
  const rows: string[] = []
  let row: Piece[] = []
  let width = 0
  const flush = (next: Piece[]): void => {
    const active = activeColours(row)
    rows.push(joinPieces(trimEnd(row)) + (active === '' ? '' : '\u001B[0m'))
    row = [{ text: indent, width: displayWidth(indent), colour: false, space: false }]
    if (active !== '') row.push({ text: active, width: 0, colour: true, space: false })
    while (next[0]?.space === true) next.shift()
    row.push(...next)
    width = row.reduce((sum, piece) => sum + piece.width, 0)
  }
  for (const piece of pieces(line)) {
    if (width + piece.width > columns && piece.width > 0) {
      if (piece.space) {
        flush([])
        continue
      }
      const breakAt = row.findLastIndex((earlier, index) => earlier.space && index > 0)
      // The list's own prefix ("  • ") is no place to break: a row would hold nothing but it.
      flush(breakAt > 0 && row.slice(0, breakAt).some((earlier) => earlier.text.trim() !== '' && !earlier.colour) ? row.splice(breakAt) : [])
    }
    row.push(piece)
    width += piece.width
  }
  rows.push(joinPieces(row))
  return rows
}

function pieces(line: string): Piece[] {
  const found: Piece[] = []
  let position = 0
  for (const match of line.matchAll(colourSequences)) {
    for (const grapheme of splitGraphemes(line.slice(position, match.index))) found.push(plainPiece(grapheme))
    found.push({ text: match[0], width: 0, colour: true, space: false })
    position = match.index + match[0].length
  }
  for (const grapheme of splitGraphemes(line.slice(position))) found.push(plainPiece(grapheme))
  return found
}

function plainPiece(grapheme: string): Piece {
  if (grapheme === '\t') return { text: '  ', width: 2, colour: false, space: true }
  return { text: grapheme, width: graphemeWidth(grapheme), colour: false, space: grapheme === ' ' }
}

function activeColours(row: Piece[]): string {
  let active: string[] = []
  for (const piece of row) {
    if (!piece.colour) continue
    const code = piece.text.slice(2, -1)
    if (code === '0' || code === '') active = []
    else if (/^(22|23|39)$/.test(code)) active = active.filter((one) => !closes(code, one.slice(2, -1)))
    else active.push(piece.text)
  }
  return active.join('')
}

function closes(end: string, start: string): boolean {
  if (end === '22') return start === '1' || start === '2'
  if (end === '23') return start === '3'
  return /^(3[0-7]|9[0-7])$/.test(start)
}

function trimEnd(row: Piece[]): Piece[] {
  const last = row.findLastIndex((piece) => !piece.space && !piece.colour)
  return row.filter((piece, index) => index <= last || piece.colour)
}

function joinPieces(row: Piece[]): string {
  return row.map((piece) => piece.text).join('')
}

// oxlint-disable-next-line no-control-regex -- colour sequences are control characters
const colourSequences = /\u001B\[[0-9;]*m/g

function isWide(code: number): boolean {
  return (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0x303e) || (code >= 0x3041 && code <= 0x33ff) || (code >= 0x3400 && code <= 0x4dbf)
    || (code >= 0x4e00 && code <= 0x9fff) || (code >= 0xa000 && code <= 0xa4cf) || (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff)
    || (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) || (code >= 0xffe0 && code <= 0xffe6) || (code >= 0x20000 && code <= 0x3fffd)
}
