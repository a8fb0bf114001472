import { fields, list, words } from '../wire.ts'

export const levels = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const
export type Level = (typeof levels)[number]

/** One line as the page shows it. `id` is unique within one visit. */
export interface LogLine { id: number; at: number | undefined; level: Level; part: string; message: string; facts: string }

export interface Tail { cursor: number; lines: string[]; truncated: boolean; reset: boolean; file: string }

export function readTail(payload: unknown): Tail {
  const raw = fields(payload)
  return {
    cursor: typeof raw['cursor'] === 'number' ? raw['cursor'] : 0, lines: list(raw['lines']).filter((line) => typeof line === 'string'),
    truncated: raw['truncated'] === true, reset: raw['reset'] === true, file: words(raw['file']) ?? '',
  }
}

/** A line of the log. What is no record of ours is shown as it is. */
export function readLogLine(line: string, id: number): LogLine {
  let record: Record<string, unknown>
  try {
    record = fields(JSON.parse(line))
  } catch {
    // A plain line, such as the trace of a crash.
    return { id, at: undefined, level: 'INFO', part: '', message: line, facts: '' }
  }
  // Two spellings: the gateway's own file, and the form in which clients of the family read it.
  const { 0: subsystem, 1: said, message, _meta: meta, time: _time, level: _level, room, facts: inside, ...beside } = record
  const { logLevelName, date, name } = fields(meta)
  const at = Date.parse(words(date) ?? '')
  return {
    id, at: Number.isNaN(at) ? undefined : at, level: levels.find((level) => level === logLevelName) ?? 'INFO', part: words(room) ?? partOf(subsystem ?? name), message: words(said) ?? words(message) ?? line,
    facts: Object.entries({ ...fields(inside), ...beside }).filter(([name]) => name !== 'pid' && name !== 'hostname').map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`).join(' '),
  }
}

function partOf(subsystem: unknown): string {
  const name = words(subsystem) ?? ''
  if (!name.startsWith('{')) return name
  try {
    return words(fields(JSON.parse(name))['subsystem']) ?? ''
  } catch {
    // Somebody else's way of naming it.
    return name
  }
}

export interface Wanted { least: Level; part: string; find: string }

export function isWanted(line: LogLine, wanted: Wanted): boolean {
  if (levels.indexOf(line.level) < levels.indexOf(wanted.least)) return false
  if (wanted.part !== '' && line.part !== wanted.part) return false
  const find = wanted.find.trim().toLowerCase()
  return find === '' || `${line.message} ${line.facts} ${line.part}`.toLowerCase().includes(find)
}

export function logWords(line: LogLine): string {
  return [line.at === undefined ? '' : new Date(line.at).toISOString(), line.level, line.part, line.message, line.facts].filter((part) => part !== '').join(' ')
}
