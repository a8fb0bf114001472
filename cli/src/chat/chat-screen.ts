import type { Paint, Terminal } from '@moltbot/contract'
import { displayWidth, shorten, wrapText } from '../display-width.ts'
import { printable } from '../printable.ts'
import { createMarkdownLines } from './markdown-lines.ts'
import type { LineEditor } from './line-editor.ts'

/**
 * The terminal during a chat: what was said scrolls up like any output and stays in the terminal's own history; at the bottom
 * stand the growing line of the answer, the input and one status line, redrawn in place.
 */
export interface ChatScreen {
  /** The person's own words. */
  user(text: string): void
  /** More text of the answer that is being written. */
  stream(text: string): void
  /** Ends the answer that is being written. */
  endStream(): void
  /** A remark of ours. */
  note(text: string): void
  problem(text: string): void
  /** One short line under the input until the next key; undefined removes it. */
  hint(text: string | undefined): void
  draw(): void
  /** Clears the window and draws again. */
  clear(): void
  /** Removes what is drawn in place; nothing may be drawn afterwards. */
  close(): void
}

export interface ScreenParts { terminal: Terminal; editor: LineEditor; status(): { left: string; right: string } }

const promptText = '› '
const inputRowsMax = 8

export function createChatScreen(parts: ScreenParts): ChatScreen {
  const { terminal, editor } = parts
  const { paint } = terminal
  const markdown = createMarkdownLines(paint)
  /** The unfinished last line of the answer; undefined between answers. */
  let growing: string | undefined
  /** Rows of it that were already given to the scrolling part. */
  let growingCommitted = 0
  let hintText: string | undefined
  let drawn: string[] = []
  let cursorRow = 0
  let lastWasBlank = true
  let closed = false

  const width = (): number => Math.max(20, terminal.columns() - 1)

  const eraseSequence = (): string => {
    if (drawn.length === 0) return ''
    // After the window became narrower the terminal has broken our rows itself.
    const up = drawn.slice(0, cursorRow).reduce((sum, row) => sum + Math.max(1, Math.ceil(displayWidth(row) / terminal.columns())), 0)
    return `${up > 0 ? `\u001B[${up}A` : ''}\r\u001B[J`
  }

  const growingRows = (): string[] => (growing === undefined || growing === '' ? [] : markdown.preview(growing, width()).slice(growingCommitted))

  const redraw = (committed: readonly string[]): void => {
    if (closed) return
    let text = `\u001B[?25l${eraseSequence()}`
    for (const row of committed) text += `${row}\n`
    if (committed.length > 0) lastWasBlank = committed.at(-1) === ''
    const input = inputRows(editor, width(), paint)
    const top = [...growingRows(), ...(lastWasBlank && growing === undefined ? [] : [''])]
    const { left, right } = parts.status()
    drawn = [...top, paint.dim('─'.repeat(width())), ...input.rows, statusRow(left, hintText ?? right, width(), paint)]
    cursorRow = top.length + 1 + input.cursorRow
    text += drawn.join('\n')
    const up = drawn.length - 1 - cursorRow
    text += `${up > 0 ? `\u001B[${up}A` : ''}\r${input.cursorColumn > 0 ? `\u001B[${input.cursorColumn}C` : ''}\u001B[?25h`
    terminal.out(text)
  }

  /** Takes finished rows out of the growing answer. */
  const settle = (ended: boolean): string[] => {
    if (growing === undefined) return []
    const committed: string[] = []
    const lines = growing.split('\n')
    const last = lines.pop() ?? ''
    for (const line of lines) {
      committed.push(...markdown.line(line, width()).slice(growingCommitted))
      growingCommitted = 0
    }
    growing = last
    if (ended) {
      if (last !== '') committed.push(...markdown.line(last, width()).slice(growingCommitted))
      growing = undefined
      growingCommitted = 0
      return committed
    }
    const rows = growingRows()
    const roomFor = Math.max(1, terminal.rows() - inputRowsMax - 5)
    if (rows.length > roomFor) {
      const finished = rows.slice(0, -1)
      committed.push(...finished)
      growingCommitted += finished.length
    }
    return committed
  }

  const paragraph = (rows: string[]): void => redraw([...settle(true), ...(lastWasBlank && growing === undefined ? [] : ['']), ...rows, ''])

  return {
    user(text) {
      const rows = wrapText(printable(text), width() - 2)
      paragraph(rows.map((row, index) => (index === 0 ? paint.cyan(promptText) : '  ') + paint.bold(row)))
    },
    stream(text) {
      const starts = growing === undefined
      const before = starts && !lastWasBlank ? [''] : []
      growing = (growing ?? '') + printable(text)
      if (starts) growing = growing.replace(/^\n+/, '')
      redraw([...before, ...settle(false)])
    },
    endStream() {
      if (growing === undefined) return
      const rows = settle(true)
      redraw([...rows, ''])
    },
    note: (text) => paragraph(wrapText(printable(text), width()).map(paint.dim)),
    problem: (text) => paragraph(wrapText(`✗ ${printable(text)}`, width(), '  ').map(paint.red)),
    hint(text) {
      hintText = text
    },
    draw: () => redraw([]),
    clear() {
      terminal.out('\u001B[H\u001B[2J')
      drawn = []
      cursorRow = 0
      lastWasBlank = true
      redraw([])
    },
    close() {
      if (closed) return
      const rows = settle(true)
      terminal.out(`${eraseSequence()}${rows.map((row) => `${row}\n`).join('')}`)
      closed = true
    },
  }
}

/** The input as rows, and where the cursor stands in them. Long input shows the rows around the cursor. */
function inputRows(editor: LineEditor, columns: number, paint: Paint): { rows: string[]; cursorRow: number; cursorColumn: number } {
  const room = columns - promptText.length
  const rows = breakRows(editor.text(), room)
  const before = breakRows(editor.beforeCursor(), room)
  const cursorAt = before.length - 1
  const first = Math.max(0, Math.min(cursorAt - inputRowsMax + 1, rows.length - inputRowsMax))
  const shown = rows.slice(first, first + inputRowsMax)
  return {
    rows: shown.map((row, index) => (index === 0 && first === 0 ? paint.cyan(promptText) : '  ') + row),
    cursorRow: cursorAt - first,
    cursorColumn: promptText.length + displayWidth(before.at(-1) ?? ''),
  }
}

/** Breaks at the edge and at line breaks, nowhere else: rows of a beginning are the beginning of the rows. */
export function breakRows(text: string, columns: number): string[] {
  const rows: string[] = ['']
  let used = 0
  for (const { segment } of new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text)) {
    const width = segment === '\n' ? 0 : segment === '\t' ? 2 : displayWidth(segment)
    if (segment === '\n' || used + width > columns) {
      rows.push('')
      used = 0
    }
    if (segment === '\n') continue
    rows[rows.length - 1] += segment === '\t' ? '  ' : segment
    used += width
  }
  // The cursor behind a full row stands at the start of the next.
  if (used >= columns) rows.push('')
  return rows
}

function statusRow(left: string, right: string, columns: number, paint: Paint): string {
  const room = columns - displayWidth(right) - 2
  const shown = room < 12 ? '' : shorten(left, room)
  const gap = ' '.repeat(Math.max(1, columns - displayWidth(shown) - displayWidth(right)))
  return paint.dim(shown === '' ? shorten(right, columns) : shown + gap + right)
}
