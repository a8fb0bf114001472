import type { Paint } from '@moltbot/contract'
import { createMarkdownLines } from '../chat/markdown-lines.ts'
import { displayWidth, shorten, wrapText } from '../display-width.ts'
import { visible } from './visible.ts'

/** Rows of one text that may grow. What is settled is not looked at again: a long answer costs as little per step as a short one. */
export type MarkdownRows = (text: string, columns: number) => string[]

export function createMarkdownRows(paint: Paint): MarkdownRows {
  const { preview: plainLine } = createMarkdownLines(paint)
  let columnsBefore = 0
  /** The beginning of the text whose rows are settled. */
  let taken = ''
  let settled: string[] = []
  let fence: string | undefined

  const codeLine = (line: string, columns: number): string[] => {
    const mark = fenceMark(line)
    if (fence !== undefined && (mark === undefined || !mark.startsWith(fence))) return wrapText(line, columns - 2).map((row) => `${paint.dim('│')} ${paint.cyan(row)}`)
    const named = fence === undefined ? line.replace(/^\s*[`~]+\s*/, '').split(/\s/)[0] ?? '' : ''
    fence = fence === undefined ? mark : undefined
    return fence === undefined ? [paint.dim('╰─')] : [paint.dim(shorten(`╭─ ${named}`, columns))]
  }

  return (text, columns) => {
    const shownText = visible(text)
    if (columns !== columnsBefore || !shownText.startsWith(taken)) {
      columnsBefore = columns
      taken = ''
      settled = []
      fence = undefined
    }
    const lines = shownText.slice(taken.length).split('\n')
    let index = 0
    while (index < lines.length - 1) {
      const line = lines[index] ?? ''
      if (fence === undefined && isTableRow(line) && (index + 1 === lines.length - 1 || isTableRule(lines[index + 1] ?? ''))) {
        let last = index + 1
        while (last < lines.length && isTableRow(lines[last] ?? '')) last++
        // It may still grow, or turn out to be none.
        if (last >= lines.length - 1) break
        settled.push(...tableRows(lines.slice(index, last), columns, paint))
        index = last
      } else {
        settled.push(...(fence !== undefined || fenceMark(line) !== undefined ? codeLine(line, columns) : plainLine(line, columns)))
        index++
      }
    }
    if (index > 0) taken += lines.slice(0, index).map((line) => `${line}\n`).join('')
    const rest = lines.slice(index)
    const tableLength = fence === undefined && rest.length > 1 && isTableRow(rest[0] ?? '') && isTableRule(rest[1] ?? '') ? rest.findIndex((line) => !isTableRow(line)) : 0
    const table = rest.slice(0, tableLength < 0 ? rest.length : tableLength)
    const growing = rest.slice(table.length)
    const fenceBefore = fence
    const open = table.length === 0 ? [] : tableRows(table, columns, paint)
    open.push(...growing.flatMap((line, at) => (at === growing.length - 1 && line === '' ? [] : fence !== undefined || fenceMark(line) !== undefined ? codeLine(line, columns) : plainLine(line, columns))))
    fence = fenceBefore
    return [...settled, ...open]
  }
}

function fenceMark(line: string): string | undefined {
  return /^\s*(`{3,}|~{3,})/.exec(line)?.[1]
}

function isTableRow(line: string): boolean {
  return /^\s*\|.*\|\s*$/.test(line)
}

function isTableRule(line: string): boolean {
  return /^\s*\|[\s:|-]+\|\s*$/.test(line) && line.includes('-')
}

/** A table in the room there is: columns shrink, the widest first; where even that is too narrow each row becomes a few lines of words. */
function tableRows(lines: readonly string[], columns: number, paint: Paint): string[] {
  const cells = lines.filter((line) => !isTableRule(line)).map((line) => line.trim().replace(/^\|/, '').replace(/\|$/, '').split(/(?<!\\)\|/).map((cell) => bare(cell)))
  const count = Math.max(...cells.map((row) => row.length))
  const widths = Array.from({ length: count }, (_, at) => Math.max(1, ...cells.map((row) => displayWidth(row[at] ?? ''))))
  const room = columns - 3 * (count - 1)
  if (room < count * 6) {
    const [head = [], ...body] = cells
    return body.flatMap((row) => row.flatMap((cell, at) => wrapText(`${at === 0 ? '• ' : '  '}${head[at] === undefined || head[at] === '' ? '' : `${head[at]}: `}${cell}`, columns, '    ')))
  }
  while (widths.reduce((sum, width) => sum + width, 0) > room) {
    const widest = widths.indexOf(Math.max(...widths))
    widths[widest] = (widths[widest] ?? 2) - 1
  }
  return cells.flatMap((row, at) => {
    const wrapped = widths.map((width, column) => wrapText(row[column] ?? '', width).flatMap((piece) => (displayWidth(piece) > width ? [shorten(piece, width)] : [piece])))
    const height = Math.max(...wrapped.map((rows) => rows.length))
    const shown = Array.from({ length: height }, (_, line) => wrapped.map((rows, column) => {
      const cell = rows[line] ?? ''
      const padded = cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - displayWidth(cell)))
      return at === 0 ? paint.bold(padded) : padded
    }).join(paint.dim(' │ ')))
    return at === 0 ? [...shown, paint.dim(widths.map((width) => '─'.repeat(width)).join('─┼─'))] : shown
  })
}

/** The words of a cell without their marks. */
function bare(cell: string): string {
  return cell.trim().replaceAll('\\|', '|').replace(/(\*\*|`)(.+?)\1/g, '$2')
}
