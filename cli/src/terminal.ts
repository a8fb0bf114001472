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
    ...(interactive ? { keys: (listener: (data: string) => void) => listenToKeys(input as ReadStream, output, process, listener, pasteModes) } : {}),
    ...(interactive && term !== undefined && term !== '' && term !== 'dumb' ? { fullScreen: (listener: (data: string) => void) => listenToKeys(input as ReadStream, output, process, listener, fullScreenModes) } : {}),
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

/** Raw mode and `modes`. Restored when the returned function is called and at every kind of exit a process can see. */
function listenToKeys(input: ReadStream, output: NodeJS.WriteStream, process: NodeJS.Process, listener: (data: string) => void, modes: Modes): () => void {
  let open = true
  const onData = (data: string | Buffer): void => listener(String(data))
  const restore = (): void => {
    if (!open) return
    open = false
    input.setRawMode(false)
    output.write(modes.off)
  }
  const onSignal = (signal: NodeJS.Signals): void => {
    restore()
    process.exit(signal === 'SIGHUP' ? 129 : 143)
  }
  input.setEncoding('utf8')
  input.setRawMode(true)
  output.write(modes.on)
  input.on('data', onData)
  input.resume()
  process.on('exit', restore)
  process.on('SIGTERM', onSignal)
  process.on('SIGHUP', onSignal)
  return () => {
    input.off('data', onData)
    input.pause()
    process.off('exit', restore)
    process.off('SIGTERM', onSignal)
    process.off('SIGHUP', onSignal)
    restore()
  }
}
