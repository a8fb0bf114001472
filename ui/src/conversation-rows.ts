import type { Placed } from './line-window.ts'
import type { Line } from './transcript.ts'
import type { Approval, Block } from './wire.ts'

/** What stands in the conversation, one below the other. `begins`, `ends`: the assistant's turn begins or ends with this line. */
export type Row = Placed & ({ kind: 'line'; line: Line; begins: boolean; ends: boolean } | { kind: 'ask'; approval: Approval })

export function keyOf(line: Line): string {
  switch (line.kind) {
    case 'message':
      // A line keeps its place on the page when the gateway confirms it.
      return line.message.key === undefined ? line.message.id : `own ${line.message.key}`
    case 'own':
      return `own ${line.key}`
    case 'run':
      return `run ${line.runId}`
  }
}

/** When a line was said, as far as it is known. */
export function timeOf(line: Line): number | undefined {
  if (line.kind === 'own') return line.at
  return line.kind === 'message' && line.message.at > 0 ? line.message.at : undefined
}

export function isOwn(line: Line): boolean {
  return line.kind === 'own' || (line.kind === 'message' && line.message.role === 'user')
}

/** Neither begins nor ends anybody's turn. */
function isBetween(line: Line): boolean {
  return line.kind === 'message' && (line.message.role === 'tool' || line.message.role === 'note')
}

/** Whether a turn of the assistant may begin with what follows these lines. */
export function mayBeginAfter(lines: readonly Line[]): boolean {
  const last = lines.findLast((line) => !isBetween(line))
  return last === undefined || isOwn(last)
}

/** Whether the assistant's turn is over before these lines. */
export function isOverBefore(lines: readonly Line[]): boolean {
  const first = lines.find((line) => !isBetween(line))
  return first === undefined || !goesOn(first)
}

/** With this line the turn before it is not over yet. */
function goesOn(line: Line): boolean {
  return (line.kind === 'message' && line.message.role === 'assistant') || (line.kind === 'run' && line.state === 'running')
}

/**
 * Lines and questions in the order they are read: an open question last, an answered one before the first line that was said
 * after it; `left` are those whose place is behind all lines. `mine`: a turn of the assistant may begin with the first line;
 * `over`: it is over with the last. Results of tools stand with their calls and are no rows.
 */
export function rowsOf(lines: readonly Line[], asked: readonly Approval[], mine: boolean, over: boolean): { rows: Row[]; left: Approval[] } {
  const begins: boolean[] = []
  let may = mine
  for (const line of lines) {
    begins.push(may)
    if (!isBetween(line)) may = isOwn(line)
  }
  const ends: boolean[] = Array.from({ length: lines.length })
  let isOver = over
  for (let index = lines.length - 1; index >= 0; index -= 1) {
    const line = lines[index]
    ends[index] = isOver
    if (line !== undefined && !isBetween(line)) isOver = !goesOn(line)
  }
  const closed = asked.filter((approval) => approval.state !== 'pending').toSorted((a, b) => closedAt(a) - closedAt(b))
  const rows: Row[] = []
  for (const [index, line] of lines.entries()) {
    const at = timeOf(line) ?? 0
    while (closed[0] !== undefined && at > closedAt(closed[0])) rows.push(...closed.splice(0, 1).map(askRow))
    if (line.kind === 'message' && line.message.role === 'tool') continue
    rows.push({ kind: 'line', key: keyOf(line), line, begins: begins[index] === true, ends: ends[index] === true, guess: (perLine) => guessOf(line, perLine) })
  }
  return { rows, left: [...closed, ...asked.filter((approval) => approval.state === 'pending')] }
}

function closedAt(approval: Approval): number {
  return approval.decidedAt ?? approval.askedAt
}

export function askRow(approval: Approval): Row {
  return { kind: 'ask', key: `ask ${approval.id}`, approval, guess: () => 160 }
}

function textHeight(text: string, perLine: number): number {
  let lines = 0
  for (const line of text.split('\n')) lines += Math.max(1, Math.ceil(line.length / perLine))
  return lines * 26
}

function blockHeight(block: Block, perLine: number): number {
  switch (block.kind) {
    case 'text':
      return textHeight(block.text, perLine)
    case 'image':
      return 260
    case 'thinking':
    case 'tool-call':
      return 50
  }
}

/** What a line of this kind and length is usually high, px. */
function guessOf(line: Line, perLine: number): number {
  if (line.kind === 'run') return 100
  const words = line.kind === 'own' ? textHeight(line.text, perLine) : line.message.blocks.reduce((sum, block) => sum + blockHeight(block, perLine), 0)
  return words + (isOwn(line) ? 56 : 40)
}
