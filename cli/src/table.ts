import { displayWidth, shorten } from './display-width.ts'
import { printableLine } from './printable.ts'

/**
 * Rows as aligned text columns, two spaces apart; the widest column is shortened until a row fits `columns`.
 * Cells are made printable. `heads` are upper-cased by nobody: write them as they shall appear.
 */
export function table(heads: readonly string[], rows: readonly (readonly string[])[], columns: number, paintHead: (text: string) => string = (text) => text): string[] {
  const cells = [heads, ...rows].map((row) => row.map(printableLine))
  const widths = heads.map((_, column) => Math.max(...cells.map((row) => displayWidth(row[column] ?? ''))))
  for (;;) {
    const over = widths.reduce((sum, width) => sum + width, 0) + 2 * (widths.length - 1) - columns
    const widest = widths.indexOf(Math.max(...widths))
    const width = widths[widest] ?? 0
    if (over <= 0 || width <= 12) break
    widths[widest] = Math.max(12, width - over)
  }
  return cells.map((row, index) => {
    const line = row.map((cell, column) => pad(shorten(cell, widths[column] ?? 0), column === row.length - 1 ? 0 : (widths[column] ?? 0))).join('  ').trimEnd()
    return index === 0 ? paintHead(line) : line
  })
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)))
}
