import { isAbsolute, join, resolve } from 'node:path'
import { pino } from 'pino'
import type { Clock, Logger } from '@moltbot/contract'
import { describeError } from '@moltbot/contract'
import type { LogValues } from './config.ts'
import { consoleLine } from './console-line.ts'
import { plainFacts } from './plain-facts.ts'
import { createRedactor } from './redactor.ts'
import { openRotatingFile } from './rotating-file.ts'
import { tailLog } from './tail-log.ts'
import type { LogTail } from './tail-log.ts'

export interface LogOptions {
  /** The log is `logs/gateway.log` in it, unless `values.file` says otherwise. */
  stateDir: string
  /** The section's values; defaults before the configuration is read. */
  values: LogValues
  clock: Clock
  /** What `~` stands for in `values.file`. Absent: nothing. */
  home?: string
  /** Where lines are shown as well. Absent: in the file only. */
  console?: { write(text: string): void; color: boolean }
}

/** The gateway's log as `main.ts` holds it. */
export interface Log extends Logger {
  /** What the door may ask. */
  door: { readonly file: string; tail(cursor: number | undefined, limit: number, maxBytes: number): Promise<LogTail> }
  /** Hides a value from now on wherever it appears, also encoded. Give it every secret before anybody can log it. */
  hide(value: string, kind?: 'kept' | 'met'): void
  /** The text as it would be logged, with secrets masked; line breaks stay. For anything else that is shown. */
  mask(text: string): string
  /** New settings of the section take effect with the next line. Sentences about patterns that are not used go into the log. */
  configure(values: LogValues): void
  /** Lines that could not be written so far. */
  lost(): number
  /** Closes the file; what is logged later opens it again. */
  close(): void
}

const order = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']
/** Longer messages are cut after they were redacted. */
const messageMax = 8_192
type Level = 'debug' | 'info' | 'warn' | 'error'

/** Opens the log. Nothing it does ever throws or waits for anything but the disk. */
export function createLog(options: LogOptions): Log {
  const { stateDir, clock } = options
  let { values } = options
  const redactor = createRedactor(() => clock.now(), (sentence) => write('log', 'warn', sentence, undefined))
  let file = fileOf(values)
  const limits = (): { bytesMax: number; keepDays: number } => ({ bytesMax: values.maxSizeMb * 1024 * 1024, keepDays: values.keepDays })
  let sink = openRotatingFile(file, clock, values.file === '', limits())
  let lostBefore = 0
  let written = ''
  // The writer below takes what pino made of a line, so that file and console say the same; no worker is involved, so it can be bundled.
  const lines = pino(
    { base: null, timestamp: false, messageKey: 'message', level: 'trace', formatters: { level: (label) => ({ level: label }) } },
    { write: (line: string) => { written = line } },
  )

  function fileOf({ file: given }: LogValues): string {
    if (given === '') return join(stateDir, 'logs', 'gateway.log')
    const plain = given.startsWith('~/') && options.home !== undefined ? join(options.home, given.slice(2)) : given
    return isAbsolute(plain) ? plain : resolve(stateDir, plain)
  }

  function shows(threshold: string, level: Level): boolean {
    return order.indexOf(level) >= order.indexOf(threshold)
  }

  function write(room: string, level: Level, message: string, facts: Record<string, unknown> | undefined): void {
    const toFile = shows(values.level, level)
    const toConsole = options.console !== undefined && shows(values.consoleLevel, level)
    if (!toFile && !toConsole) return
    try {
      const time = new Date(clock.now()).toISOString()
      const whole = redactor.redact(message)
      const said = whole.length <= messageMax ? whole : `${whole.slice(0, messageMax)} … (${message.length} characters)`
      const shown = facts === undefined ? undefined : plainFacts(facts, redactor)
      // `_meta` is how clients of this family find level, time and room.
      const meta = { logLevelName: level.toUpperCase(), date: time, name: JSON.stringify({ subsystem: room }) }
      lines[level]({ time, room, ...(shown === undefined ? {} : { facts: shown }), _meta: meta }, said)
      if (toFile) sink.write(written)
      if (toConsole) options.console?.write(consoleLine(values.consoleStyle, { time, level, room, message: said, facts: shown, json: written }, options.console.color))
    } catch (error) {
      // Logging must never be the reason that something fails; the line says that another one is missing.
      sink.write(`${JSON.stringify({ level: 'error', time: new Date(clock.now()).toISOString(), room: 'log', message: `a line was lost: ${redactor.redact(describeError(error))}` })}\n`)
    }
  }

  function logger(room: string): Logger {
    return {
      debug: (message, facts) => write(room, 'debug', message, facts),
      info: (message, facts) => write(room, 'info', message, facts),
      warn: (message, facts) => write(room, 'warn', message, facts),
      error: (message, facts) => write(room, 'error', message, facts),
      child: (name) => logger(redactor.redact(room === 'gateway' ? name : `${room}/${name}`)),
    }
  }

  function configure(next: LogValues): void {
    values = next
    if (fileOf(values) !== file) {
      sink.close()
      lostBefore += sink.lost()
      file = fileOf(values)
      sink = openRotatingFile(file, clock, values.file === '', limits())
    } else sink.configure(limits())
    for (const refused of redactor.configure(values)) write('log', 'warn', refused, undefined)
  }
  configure(values)

  return {
    ...logger('gateway'),
    door: { get file() { return file }, tail: (cursor, limit, maxBytes) => tailLog(file, cursor, limit, maxBytes) },
    hide: (value, kind) => redactor.hide(value, kind),
    mask: (text) => redactor.mask(text),
    configure,
    lost: () => lostBefore + sink.lost(),
    close: () => sink.close(),
  }
}
