import type { Paint } from '@moltbot/contract'
import { printableLine } from './printable.ts'
import { asFields, asText } from './wire-fields.ts'
import type { Fields } from './wire-fields.ts'

const levels = ['debug', 'info', 'warn', 'error'] as const
type Level = (typeof levels)[number]

/** One record of the log as a line for people; undefined when it is below `least`. Lines that are no records are shown as they are. */
export function logLine(line: string, least: string | undefined, paint: Paint): string | undefined {
  let record: Fields
  try {
    record = asFields(JSON.parse(line))
  } catch {
    // Not a record: somebody's own words in the log, worth seeing.
    return printableLine(line)
  }
  const meta = asFields(record['_meta'])
  const level = levelOf(record['level'] ?? meta['logLevelName'])
  if (least !== undefined && levels.indexOf(level) < levels.indexOf(least as Level)) return undefined
  const message = asText(record['msg']) ?? asText(record['message']) ?? asText(record['1']) ?? asText(record['0']) ?? ''
  const room = roomOfRecord(record)
  const { time } = record
  const at = typeof time === 'number' ? new Date(time).toISOString() : (asText(time) ?? asText(meta['date']) ?? '')
  const facts = Object.entries(record).filter(([key]) => !ownKeys.has(key)).map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const paintLevel = level === 'error' ? paint.red : level === 'warn' ? paint.yellow : paint.dim
  return [
    paint.dim(clockWords(at)), paintLevel(level.padEnd(5)), ...(room === undefined ? [] : [paint.cyan(printableLine(room))]), printableLine(message),
    ...(facts.length === 0 ? [] : [paint.dim(printableLine(facts.join(' ')))]),
  ].join(' ')
}

/** Which room wrote a line, and the facts beside its words; no room and no facts for a line that is no record. */
export function roomOfLine(line: string): { room: string | undefined; facts: Fields } {
  try {
    const facts = asFields(JSON.parse(line))
    return { room: roomOfRecord(facts), facts }
  } catch {
    // Not a record: it belongs to nobody.
    return { room: undefined, facts: {} }
  }
}

function roomOfRecord(record: Fields): string | undefined {
  return asText(record['room']) ?? asText(record['subsystem']) ?? roomOf(record['0'])
}

const ownKeys = new Set(['level', 'time', 'msg', 'message', 'room', 'subsystem', '_meta', '0', '1', 'pid', 'hostname', 'v'])

function levelOf(value: unknown): Level {
  if (typeof value === 'number') return value >= 50 ? 'error' : value >= 40 ? 'warn' : value >= 30 ? 'info' : 'debug'
  const name = typeof value === 'string' ? value.toLowerCase() : ''
  return levels.find((level) => level === name) ?? (name === 'fatal' ? 'error' : name === 'trace' ? 'debug' : 'info')
}

function roomOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || !value.startsWith('{')) return undefined
  try {
    return asText(asFields(JSON.parse(value))['subsystem'])
  } catch {
    // Begins like a record and is none: then it names no room.
    return undefined
  }
}

function clockWords(iso: string): string {
  return /T(\d\d:\d\d:\d\d)/.exec(iso)?.[1] ?? iso
}
