import type { Paint } from '@moltbot/contract'
import { breakRows } from '../chat/chat-screen.ts'
import { displayWidth, shorten, wrapText } from '../display-width.ts'
import { durationWords } from '../time-words.ts'
import type { Picker } from './picker.ts'
import type { Frame } from './screen.ts'
import type { Question, TalkState } from './talk.ts'
import type { TranscriptRows } from './transcript-rows.ts'
import { visible, visibleLine } from './visible.ts'

/** Everything the window shows. */
export interface Looks {
  talk: TalkState
  now: number
  columns: number
  rows: number
  paint: Paint
  input: { text: string; beforeCursor: string }
  /** What goes with the next message. */
  files: readonly { name: string; bytes: number }[]
  /** Tool cards are open. */
  open: boolean
  /** The first row of the transcript that is shown; undefined: the end is. */
  top: number | undefined
  /** One short line instead of the usual hints. */
  hint: string | undefined
  overlay: { kind: 'picker'; picker: Picker } | { kind: 'help'; rows: readonly (readonly [keys: string, words: string])[]; from: number } | undefined
  /** Commands that fit what is typed. */
  completions: { list: readonly { name: string; description: string }[]; selected: number }
  question: Question | undefined
  /** The whole call of the question is shown. */
  whole: boolean
}

/** Where the transcript stands, for scrolling. */
export interface Place { top: number; height: number; count: number }

const inputRowsMax = 6
const completionsMax = 6

/** One picture of the window, exactly `rows` high. */
export function composeFrame(looks: Looks, transcript: TranscriptRows): { frame: Frame; place: Place } {
  const { columns, rows, overlay } = looks
  const head = headRows(looks)
  const input = inputRows(looks)
  const foot = [statusRow(looks), ...input.rows]
  const room = Math.max(1, rows - head.length - foot.length)
  const panel = overlay === undefined ? [...questionRows(looks, Math.max(3, room - 2)), ...completionRows(looks), ...fileRows(looks)].slice(-room) : overlayRows(looks, room)
  const height = overlay?.kind === 'help' ? 0 : Math.max(0, room - panel.length)
  const count = transcript.count(looks.talk.items, columns, looks.open)
  const last = Math.max(0, count - height)
  const top = Math.min(looks.top ?? last, last)
  const shown = transcript.slice(top, height)
  const blank = Array<string>(Math.max(0, height - shown.length)).fill('')
  // A short conversation stands at the bottom, where the eyes are.
  const all = [...head, ...blank, ...shown, ...panel, ...Array<string>(Math.max(0, room - height - panel.length)).fill(''), ...foot].slice(0, rows)
  while (all.length < rows) all.push('')
  const cursor = overlay === undefined ? { row: Math.min(rows - 1, rows - input.rows.length + input.cursorRow), column: Math.min(columns - 1, input.cursorColumn) } : undefined
  return { frame: { rows: all, cursor, scrolls: { from: head.length, to: head.length + height } }, place: { top, height, count } }
}

/** Who and where, with what, and what it cost. In a narrow window that is two rows. */
function headRows({ talk, columns, paint, rows }: Looks): string[] {
  const name = talk.title === '' ? talk.key.replace(/^agent:[^:]*:/, '') : talk.title
  const where = `${visibleLine(talk.agent)} · ${visibleLine(name)}`
  const cost = talk.spentUsd === undefined ? [] : [`$${talk.spentUsd === 0 || talk.spentUsd >= 0.01 ? talk.spentUsd.toFixed(2) : talk.spentUsd.toPrecision(1)} today`]
  const connection = talk.connection.kind === 'connected' ? [] : ['not connected']
  const model = talk.model === undefined ? [] : [visibleLine(talk.model)]
  const thinking = talk.thinking === undefined || talk.thinking === 'off' ? [] : [`thinks ${visibleLine(talk.thinking)}`]
  const paintLeft = (text: string): string => (text.includes(' · ') ? `${paint.cyan(text.slice(0, text.indexOf(' · ')))}${paint.dim(' · ')}${paint.bold(text.slice(text.indexOf(' · ') + 3))}` : paint.bold(text))
  if (columns < 60 && rows >= 12) return [paintLeft(shorten(where, columns)), paint.dim(shorten([...connection, ...model, ...cost].join(' · '), columns)), paint.dim('─'.repeat(columns))]
  let facts = [...connection, ...model, ...thinking, ...cost, ...(connection.length === 0 ? ['connected'] : [])]
  const roomLeft = Math.min(displayWidth(where), 20)
  while (facts.length > 1 && displayWidth(facts.join(' · ')) > columns - roomLeft - 2) facts = facts.slice(0, -1)
  const right = shorten(facts.join(' · '), columns - 2)
  const left = shorten(where, Math.max(1, columns - displayWidth(right) - 2))
  const gap = ' '.repeat(Math.max(1, columns - displayWidth(left) - displayWidth(right)))
  return [paintLeft(left) + gap + paint.dim(right), paint.dim('─'.repeat(columns))]
}

/** What goes on, in words, drawn into the line above the input. */
function statusRow(looks: Looks): string {
  const { talk, columns, paint, hint, now, question, overlay } = looks
  const work = workWords(talk, now)
  const busy = talk.runs.size > 0 && talk.connection.kind === 'connected'
  const left = question === undefined || overlay !== undefined ? work : 'it asks you'
  const right = hint ?? (question !== undefined && overlay === undefined ? (looks.input.text === '' ? (question.always === undefined ? 'y, n or d' : 'y, a, n or d') : 'Ctrl-U, then y or n') : looks.completions.list.length > completionsMax ? `Tab takes, ${looks.completions.list.length} commands` : looks.top !== undefined ? 'PgDn to the end' : busy ? 'Esc Esc stops' : columns < 60 ? 'F1 help' : 'Ctrl-G conversations · F1 help')
  const shownRight = shorten(right, Math.max(0, columns - 12))
  const shownLeft = shorten(left, Math.max(1, columns - displayWidth(shownRight) - 8))
  const line = '─'.repeat(Math.max(1, columns - displayWidth(shownLeft) - displayWidth(shownRight) - 6))
  const colour = talk.connection.kind !== 'connected' ? paint.red : question !== undefined ? paint.yellow : busy ? paint.cyan : paint.green
  return `${paint.dim('─ ')}${colour(shownLeft)}${paint.dim(` ${line} `)}${hint === undefined ? paint.dim(shownRight) : paint.yellow(shownRight)}${paint.dim(' ─')}`
}

/** What goes on now. */
function workWords(talk: TalkState, now: number): string {
  switch (talk.connection.kind) {
    case 'waiting': return `disconnected, trying again in ${Math.max(1, Math.ceil((talk.connection.until - now) / 1_000))} s`
    case 'connecting': return 'disconnected, trying now'
    case 'connected': {
      const [first] = [...talk.runs.values()].toSorted((a, b) => a.since - b.since)
      if (first === undefined) return 'ready'
      const word = first.tool === undefined ? { waiting: 'waiting for the model', thinking: 'thinking', writing: 'writing', 'summing-up': 'summing up' }[first.phase] : visibleLine(first.tool)
      return `${word} ${Math.max(0, Math.floor((now - first.since) / 1_000))} s`
    }
  }
}

function questionRows({ question, talk, columns, now, paint, whole }: Looks, heightMax: number): string[] {
  if (question === undefined) return []
  const left = Math.max(0, question.expiresAt - now)
  const elsewhere = question.sessionKey !== '' && question.sessionKey !== talk.key
  const about = wrapText(visible(whole ? question.detail : question.what), columns - 2)
  const always = question.always === undefined ? [] : wrapText(`a  always: ${visibleLine(question.always)}`, columns - 2, '   ')
  const answers = ['y  yes, this once', ...always, `n  no${whole ? '' : '     d  the whole call'}`]
  const why = wrapText(`${elsewhere ? `In ${visibleLine(question.sessionKey)}. ` : ''}${question.why === '' ? '' : `Why it asks: ${visibleLine(question.why)}. `}No answer within ${durationWords(left)} means no.`, columns - 2)
  const room = Math.max(1, heightMax - 1 - why.length - answers.length)
  const more = about.length - room
  const shown = more > 0 ? [...about.slice(0, Math.max(1, room - 1)), `… ${more + 1} more lines: moltbot approvals show ${visibleLine(question.code)}`] : about
  const bar = paint.yellow('┃ ')
  return [
    `${bar}${paint.bold(shorten(`May it? (${visibleLine(question.code)}${talk.questions.length > 1 ? `, 1 of ${talk.questions.length}` : ''})`, columns - 2))}`,
    ...shown.map((row) => bar + row), ...why.map((row) => bar + paint.dim(row)), ...answers.map((row) => bar + row.replace(/^\S/, (key) => paint.bold(key))),
  ]
}

/** What goes with the next message, in one row. */
function fileRows({ files, columns, paint }: Looks): string[] {
  if (files.length === 0) return []
  return [paint.cyan('+ ') + shorten(`${files.map(({ name, bytes }) => `${visibleLine(name)} (${sizeWords(bytes)})`).join(', ')} · /detach`, columns - 2)]
}

function sizeWords(bytes: number): string {
  return bytes < 1_000 ? `${bytes} B` : bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}

function completionRows({ completions, columns, paint }: Looks): string[] {
  const { list, selected } = completions
  if (list.length === 0) return []
  const first = Math.max(0, Math.min(selected - completionsMax + 1, list.length - completionsMax))
  const width = Math.max(...list.map(({ name }) => displayWidth(name)))
  return list.slice(first, first + completionsMax).map(({ name, description }, index) => {
    const row = `${visibleLine(name).padEnd(width)}  ${shorten(visibleLine(description), Math.max(1, columns - width - 4))}`
    return first + index === selected ? paint.cyan('› ') + paint.bold(row) : `  ${paint.dim(row)}`
  })
}

function overlayRows(looks: Looks, room: number): string[] {
  const { overlay, columns, paint } = looks
  if (overlay === undefined) return []
  if (overlay.kind === 'help') {
    const rows = overlay.rows.flatMap(([keys, words]) => wrapText(`  ${keys.padEnd(12)}${words}`, columns, ' '.repeat(14)))
    const from = Math.min(overlay.from, Math.max(0, rows.length - room + 2))
    const shown = rows.slice(from, from + room - 2)
    return [paint.bold('Keys'), ...shown, paint.dim(from + shown.length < rows.length ? 'PgDn shows more, any other key goes back.' : 'Any other key goes back.')].slice(0, room)
  }
  return [paint.dim('─'.repeat(columns)), ...overlay.picker.rows(Math.min(room - 1, 16), columns, paint)].slice(0, room)
}

/** The input as rows, and where the cursor stands in them. */
function inputRows({ input, columns, paint, rows, talk }: Looks): { rows: string[]; cursorRow: number; cursorColumn: number } {
  const width = Math.max(4, columns - 2)
  if (input.text === '') return { rows: [paint.cyan('› ') + paint.dim(shorten(talk.connection.kind === 'connected' ? 'Say something, or / for commands' : 'What you write is sent once connected', width))], cursorRow: 0, cursorColumn: 2 }
  const all = breakRows(input.text, width)
  const before = breakRows(input.beforeCursor, width)
  const most = Math.max(1, Math.min(inputRowsMax, rows >> 2))
  const at = before.length - 1
  const first = Math.max(0, Math.min(at - most + 1, all.length - most))
  const shown = all.slice(first, first + most)
  return { rows: shown.map((row, index) => (index === 0 && first === 0 ? paint.cyan('› ') : '  ') + row), cursorRow: at - first, cursorColumn: 2 + displayWidth(before.at(-1) ?? '') }
}
