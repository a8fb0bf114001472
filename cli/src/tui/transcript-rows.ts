import type { Paint } from '@moltbot/contract'
import { displayWidth, shorten, wrapText } from '../display-width.ts'
import { asText } from '../wire-fields.ts'
import type { Fields } from '../wire-fields.ts'
import { createMarkdownRows } from './markdown-rows.ts'
import type { MarkdownRows } from './markdown-rows.ts'
import type { Item, ToolItem } from './talk.ts'
import { visible, visibleLine } from './visible.ts'

/** The transcript as rows. Rows of an item that did not change are not made again. */
export interface TranscriptRows {
  /** How many rows there are. */
  count(items: readonly Item[], columns: number, open: boolean): number
  /** So many rows from that row on, as `count` was last asked. */
  slice(from: number, length: number): string[]
}

interface Kept { version: number; columns: number; open: boolean; tight: boolean; rows: string[]; markdown: MarkdownRows | undefined }

/** Lines of arguments and of output an opened tool card shows. */
const openedLinesMax = 40

export function createTranscriptRows(paint: Paint): TranscriptRows {
  const kept = new WeakMap<Item, Kept>()
  let all: Kept[] = []

  /** `tight`: nothing stands between it and what comes next. */
  const rowsOf = (item: Item, columns: number, open: boolean, tight: boolean): Kept => {
    const before = kept.get(item)
    if (before !== undefined && before.version === item.version && before.columns === columns && before.open === open && before.tight === tight) return before
    const markdown = item.kind === 'answer' ? (before?.markdown ?? createMarkdownRows(paint)) : undefined
    const rows = itemRows(item, columns, open, paint, markdown)
    const next = { version: item.version, columns, open, tight, markdown, rows: tight ? rows : [...rows, ''] }
    kept.set(item, next)
    return next
  }

  return {
    count(items, columns, open) {
      all = items.map((item, index) => rowsOf(item, columns, item.kind === 'tool' && open, item.kind === 'tool' && !open && items[index + 1]?.kind === 'tool'))
      return all.reduce((sum, { rows }) => sum + rows.length, 0)
    },
    slice(from, length) {
      const found: string[] = []
      let at = 0
      for (const { rows } of all) {
        if (at + rows.length > from) found.push(...rows.slice(Math.max(0, from - at), Math.max(0, from + length - at)))
        at += rows.length
        if (at >= from + length) break
      }
      return found
    },
  }
}

function itemRows(item: Item, columns: number, open: boolean, paint: Paint, markdown: MarkdownRows | undefined): string[] {
  switch (item.kind) {
    case 'own': {
      const words = { waiting: 'waits for the connection', sending: '', accepted: '', failed: 'was not sent' }[item.state]
      const rows = wrapText(visible(item.text), columns - 2).map((row, index) => (index === 0 ? paint.cyan('› ') : '  ') + paint.bold(row))
      const files = (item.files ?? []).map(({ name }) => `  ${paint.cyan('+')} ${shorten(visibleLine(name), Math.max(1, columns - 4))}`)
      return [...(item.sender === undefined ? [] : [paint.dim(shorten(visibleLine(item.sender), columns))]), ...rows, ...files, ...(words === '' ? [] : [`  ${paint.yellow(words)}`])]
    }
    case 'answer': return markdown?.(item.text.trim(), columns) ?? []
    case 'tool': return toolRows(item, columns, open, paint)
    case 'note': return wrapText(visible(item.text), columns).map(paint.dim)
    case 'problem': return wrapText(`✗ ${visible(item.text)}`, columns, '  ').map(paint.red)
  }
}

function toolRows(item: ToolItem, columns: number, open: boolean, paint: Paint): string[] {
  const mark = { running: paint.yellow('●'), done: paint.green('✓'), failed: paint.red('✗'), unknown: paint.dim('?') }[item.state]
  const name = shorten(visibleLine(item.name), Math.max(8, columns >> 1))
  const end = { running: 'running', done: outputWords(item.output), failed: 'did not work', unknown: 'nobody knows how it ended' }[item.state]
  const room = columns - 2 - displayWidth(name) - displayWidth(end) - 3
  const about = room < 4 ? '' : shorten(argumentWords(item.input), room)
  const head = `${mark} ${paint.bold(name)}${about === '' ? '' : ` ${about}`}${paint.dim(room < -3 ? '' : ` · ${end}`)}`
  if (!open) return [head]
  const part = (text: string): string[] => {
    const rows = wrapText(visible(text), columns - 4)
    const more = rows.length - openedLinesMax
    return [...rows.slice(0, openedLinesMax), ...(more > 0 ? [`… ${more} more lines`] : [])].map((row) => paint.dim(`  │ ${row}`))
  }
  const given = Object.entries(item.input).map(([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`).join('\n')
  return [head, ...(given === '' ? [] : part(given)), ...(item.output === '' ? [] : [paint.dim('  ├─'), ...part(item.output)])]
}

function outputWords(output: string): string {
  const lines = output.trim() === '' ? 0 : output.trim().split('\n').length
  return lines === 0 ? 'done' : lines === 1 ? '1 line' : `${lines} lines`
}

function argumentWords(input: Fields): string {
  const shown = asText(input['path']) ?? asText(input['query']) ?? asText(input['pattern']) ?? asText(input['command']) ?? asText(input['url'])
  return visibleLine(shown ?? (Object.keys(input).length === 0 ? '' : JSON.stringify(input)))
}
