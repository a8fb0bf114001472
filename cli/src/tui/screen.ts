import { displayWidth, splitGraphemes, graphemeWidth } from '../display-width.ts'

/** What stands in the window. Every row is at most as wide as the window; rows may carry colour. */
export interface Frame {
  rows: readonly string[]
  /** Where the cursor stands, from 0; undefined: it is hidden. */
  cursor: { row: number; column: number } | undefined
  /** The rows that scroll together (first, and the one behind the last): where they moved up or down the terminal moves them itself. */
  scrolls?: { from: number; to: number }
}

/** A window that is changed as little as possible. */
export interface Screen {
  /** Shows the frame with at most one write, and only what is different. */
  show(frame: Frame, columns: number): void
  /** Forgets what stands there: the next frame is drawn whole. */
  forget(): void
  /** The terminal said that it understands synchronized output. */
  synchronize(): void
}

const home = (row: number): string => `\u001B[${row + 1};1H`
/** More than that and drawing is no more than moving. */
const movedMax = 6

export function createScreen(write: (text: string) => void): Screen {
  let shown: string[] | undefined
  let shownColumns = 0
  let cursor: Frame['cursor']
  let synchronized = false
  return {
    forget() {
      shown = undefined
    },
    synchronize() {
      synchronized = true
    },
    show(frame, columns) {
      const whole = shown === undefined || shownColumns !== columns || shown.length !== frame.rows.length
      const rows = frame.rows.map((row) => fit(row, columns))
      let text = ''
      const before = whole ? rows.map(() => undefined) : [...(shown ?? [])] as (string | undefined)[]
      if (whole) text += '\u001B[0m\u001B[H\u001B[2J'
      else if (frame.scrolls !== undefined) text += move(before, rows, frame.scrolls)
      for (const [index, row] of rows.entries()) {
        if (row === before[index] || (before[index] === undefined && row === '')) continue
        text += before[index] === undefined ? home(index) + row + end(row) : changed(before[index], row, index, columns)
      }
      const moved = cursor?.row !== frame.cursor?.row || cursor?.column !== frame.cursor?.column
      if (text !== '' || moved || whole) {
        const place = frame.cursor === undefined ? '\u001B[?25l' : `\u001B[${frame.cursor.row + 1};${frame.cursor.column + 1}H\u001B[?25h`
        const drawn = text === '' ? place : `\u001B[?25l${text}${place}`
        write(synchronized ? `\u001B[?2026h${drawn}\u001B[?2026l` : drawn)
      }
      shown = rows
      shownColumns = columns
      cursor = frame.cursor
    },
  }
}

/** Colour never leaks out of a row. */
function end(row: string): string {
  return row.includes('\u001B') ? '\u001B[0m' : ''
}

/** Writes one row over another. Where a plain row only grew, what was added is enough. */
function changed(before: string, row: string, index: number, columns: number): string {
  const plain = !before.includes('\u001B') && !row.includes('\u001B')
  if (plain && before !== '' && row.startsWith(before)) {
    const added = row.slice(before.length)
    // An added accent belongs to a letter that stands there already.
    if (splitGraphemes(before).length + splitGraphemes(added).length === splitGraphemes(row).length) return `\u001B[${index + 1};${displayWidth(before) + 1}H${added}`
  }
  // Erasing behind a row that fills the window would erase its last letter.
  return home(index) + row + end(row) + (displayWidth(row) < columns ? '\u001B[K' : '')
}

/** Lets the terminal move rows that only changed their place; `before` becomes what stands there then. */
function move(before: (string | undefined)[], rows: readonly string[], { from, to }: { from: number; to: number }): string {
  const size = to - from
  if (size < 4 || to > rows.length) return ''
  const same = (shift: number): number => {
    let count = 0
    for (let index = from; index < to; index++) {
      const old = index + shift
      if (old >= from && old < to && before[old] === rows[index] && rows[index] !== '') count++
    }
    return count
  }
  const still = same(0)
  let best = { shift: 0, count: still }
  for (let shift = 1; shift <= Math.min(movedMax, size - 1); shift++) {
    for (const candidate of [shift, -shift]) {
      const count = same(candidate)
      if (count > best.count) best = { shift: candidate, count }
    }
  }
  // The sequences themselves cost about as much as two short rows.
  if (best.shift === 0 || best.count < still + 2) return ''
  const part = before.slice(from, to)
  const moved = best.shift > 0 ? [...part.slice(best.shift), ...Array<string>(best.shift).fill('')] : [...Array<string>(-best.shift).fill(''), ...part.slice(0, best.shift)]
  before.splice(from, size, ...moved)
  return `\u001B[0m\u001B[${from + 1};${to}r\u001B[${Math.abs(best.shift)}${best.shift > 0 ? 'S' : 'T'}\u001B[r`
}

/** At most so many columns of a row that may carry colour. */
export function fit(row: string, columns: number): string {
  if (displayWidth(row) <= columns) return row
  let kept = ''
  let used = 0
  // oxlint-disable-next-line no-control-regex -- colour sequences are control characters
  for (const part of row.split(/(\u001B\[[0-9;]*m)/)) {
    if (part.startsWith('\u001B')) kept += part
    else {
      for (const grapheme of splitGraphemes(part)) {
        used += graphemeWidth(grapheme)
        if (used > columns) break
        kept += grapheme
      }
    }
  }
  return kept
}
