import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { ReadStream, WriteStream } from 'node:tty'
import pc from 'picocolors'
import type { Prompts, Terminal } from '@moltbot/contract'
import { displayWidth, shorten } from './display-width.ts'

export interface TerminalStreams {
  input: NodeJS.ReadStream
  output: NodeJS.WriteStream
  error: NodeJS.WriteStream
}

/** What of the environment decides about colour. */
export interface ColourWishes { noColor: string | undefined; forceColor: string | undefined; term: string | undefined; flag: boolean }

/** `--no-color` and NO_COLOR (any value but empty) switch off, then FORCE_COLOR (but `0`) switches on, else colour is for terminals that can. */
export function wantsColour(wishes: ColourWishes, isTerminal: boolean): boolean {
  if (wishes.flag || (wishes.noColor ?? '') !== '') return false
  if (wishes.forceColor !== undefined && wishes.forceColor !== '') return wishes.forceColor !== '0' && wishes.forceColor !== 'false'
  return isTerminal && wishes.term !== 'dumb'
}

/** The real terminal of this process. `term` is its kind as the environment names it. */
export function createTerminal(streams: TerminalStreams, colour: boolean, term: string | undefined, process: NodeJS.Process): Terminal {
  const { input, output, error } = streams
  const { bold, dim, italic, red, green, yellow, cyan } = pc.createColors(colour)
  const interactive = input.isTTY === true && output.isTTY === true
  let progressShown = false
  const columns = (): number => (output as Partial<WriteStream>).columns ?? (error as Partial<WriteStream>).columns ?? 80
  const clearProgress = (): void => {
    if (progressShown) error.write('\r\u001B[2K')
    progressShown = false
  }
  return {
    out(text) {
      clearProgress()
      output.write(text)
    },
    note(text) {
      clearProgress()
      error.write(`${text}\n`)
    },
    paint: { bold, dim, italic, red, green, yellow, cyan },
    interactive,
    columns,
    rows: () => (output as Partial<WriteStream>).rows ?? 24,
    progress(text) {
      if (error.isTTY !== true) return
      clearProgress()
      if (text === undefined) return
      error.write(dim(displayWidth(text) < columns() ? text : shorten(text, columns() - 1)))
      progressShown = true
    },
    async readInput() {
      if (input.isTTY === true) return ''
      let text = ''
      input.setEncoding('utf8')
      for await (const chunk of input) text += String(chunk)
      return text
    },
    readLines: () => createInterface({ input, crlfDelay: Infinity }),
    ...(interactive ? { keys: (listener: (data: string) => void, back?: () => void) => listenToKeys({ input: input as ReadStream, output, process, modes: pasteModes, listener, back }) } : {}),
    ...(interactive && term !== undefined && term !== '' && term !== 'dumb' ? { fullScreen: (listener: (data: string) => void, back?: () => void) => listenToKeys({ input: input as ReadStream, output, process, modes: fullScreenModes, listener, back }) } : {}),
    onResize(listener) {
      output.on('resize', listener)
      return () => output.off('resize', listener)
    },
    onInterrupt(listener) {
      process.on('SIGINT', listener)
      return () => process.off('SIGINT', listener)
    },
    prompts: async (): Promise<Prompts> => (await import('./onboard/clack-prompts.ts')).createClackPrompts(),
  }
}

/** What is switched on while keys are heard, and back afterwards. */
interface Modes { on: string; off: string }
const pasteModes: Modes = { on: '\u001B[?2004h', off: '\u001B[?2004l\u001B[?25h' }
/** The alternate screen, and no line wrap there: a row that is wider than we think never moves the others. */
const fullScreenModes: Modes = { on: '\u001B[?1049h\u001B[?7l\u001B[?2004h\u001B[2J', off: '\u001B[0m\u001B[?2026l\u001B[r\u001B[?2004l\u001B[?7h\u001B[?25h\u001B[?1049l' }

interface Listening { input: ReadStream; output: NodeJS.WriteStream; process: NodeJS.Process; modes: Modes; listener: (data: string) => void; back: (() => void) | undefined }

const exitOf = { SIGINT: 130, SIGQUIT: 131, SIGTERM: 143, SIGHUP: 129 } as const
/** In raw mode the key is only a letter. */
const stopKey = '\u001A'
/** A process that nobody can continue is not stopped by the system; then we go on after this. */
const stoppedMs = 100

/** Raw mode and `modes`. Restored when the returned function is called, while the process is stopped, and however it ends. */
function listenToKeys({ input, output, process, modes, listener, back }: Listening): () => void {
  let open = false
  let over = false
  const guard = guardTerminal(output, modes)
  const onData = (data: string | Buffer): void => {
    const text = String(data)
    if (text === stopKey) stop()
    else listener(text)
  }
  const take = (): void => {
    open = true
    guard.taken(true)
    // The shell may have changed the mode behind our back: what is set already would not be set again.
    input.setRawMode(false)
    input.setRawMode(true)
    output.write(modes.on)
  }
  const restore = (): void => {
    if (!open) return
    open = false
    input.setRawMode(false)
    output.write(modes.off)
    guard.taken(false)
  }
  /** Gives the terminal to the shell as every program does; whoever was started with us stops too. */
  const stop = (): void => {
    restore()
    process.off('SIGTSTP', stop)
    process.kill(0, 'SIGTSTP')
    setTimeout(goOn, stoppedMs)
  }
  const goOn = (): void => {
    if (over || process.listeners('SIGTSTP').includes(stop)) return
    process.on('SIGTSTP', stop)
    take()
    back?.()
  }
  const onContinue = (): void => {
    // Whoever was stopped by SIGSTOP could not give the terminal back.
    if (open) {
      take()
      back?.()
    } else goOn()
  }
  const onSignal = (signal: NodeJS.Signals): void => {
    restore()
    process.exit(exitOf[signal as keyof typeof exitOf])
  }
  const signals = Object.keys(exitOf) as (keyof typeof exitOf)[]
  input.setEncoding('utf8')
  take()
  input.on('data', onData)
  input.resume()
  process.on('exit', restore)
  // What broke is told on the screen people see afterwards.
  process.on('uncaughtExceptionMonitor', restore)
  process.on('SIGTSTP', stop)
  process.on('SIGCONT', onContinue)
  for (const signal of signals) process.on(signal, onSignal)
  return () => {
    over = true
    input.off('data', onData)
    input.pause()
    process.off('exit', restore)
    process.off('uncaughtExceptionMonitor', restore)
    process.off('SIGTSTP', stop)
    process.off('SIGCONT', onContinue)
    for (const signal of signals) process.off(signal, onSignal)
    restore()
    guard.end()
  }
}

/** Restores the terminal when we are gone without a word: `on` and `off` say whether it is ours, the end of the pipe that we are gone. */
const guardScript = `trap '' INT QUIT TERM HUP TSTP TTOU
ours=off
while read -r word; do ours=$word; done
if [ "$ours" = on ]; then stty sane </dev/tty; printf '%s' "$1" >/dev/tty; fi`

/** A process that is killed, or that the system ends for want of memory, restores nothing: a shell of three lines beside us does. */
function guardTerminal(output: NodeJS.WriteStream, modes: Modes): { taken(ours: boolean): void; end(): void } {
  const shell = spawn('/bin/sh', ['-c', guardScript, 'sh', modes.off], { stdio: ['pipe', 'ignore', 'ignore'] })
  const { stdin } = shell
  let there = true
  const gone = (): void => { there = false }
  shell.on('error', gone)
  shell.on('exit', gone)
  stdin.on('error', gone)
  // It never keeps us from ending.
  shell.unref()
  ;(stdin as unknown as { unref(): void }).unref()
  return {
    taken: (ours) => { if (there && output.isTTY) stdin.write(ours ? 'on\n' : 'off\n') },
    end: () => { stdin.end() },
  }
}
