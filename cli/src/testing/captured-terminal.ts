import type { Prompts, Terminal } from '@moltbot/contract'

export interface CapturedTerminal extends Terminal {
  text(): string
  notes(): string
  /** Types raw keys, as a keyboard does. */
  type(data: string): void
  resize(columns: number): void
  interrupt(): void
  /** Resolves once `text()` contains the words. Rejects never: the test's own time limit ends a wait in vain. */
  until(words: string | RegExp): Promise<void>
}

export interface CapturedOptions { input?: string; interactive?: boolean; columns?: number; prompts?: Prompts }

/** A terminal that keeps what was written. Colour is off. */
export function captureTerminal(options: CapturedOptions = {}): CapturedTerminal {
  let out = ''
  let notes = ''
  let columns = options.columns ?? 80
  let keyListener: ((data: string) => void) | undefined
  const typedEarly: string[] = []
  const resizeListeners = new Set<() => void>()
  const interruptListeners = new Set<() => void>()
  const waiting = new Set<() => void>()
  const same = (text: string): string => text
  const wrote = (): void => {
    for (const check of waiting) check()
  }
  const listen = (listener: (data: string) => void): (() => void) => {
    keyListener = listener
    for (const data of typedEarly.splice(0)) listener(data)
    return () => {
      keyListener = undefined
    }
  }
  return {
    out(text) {
      out += text
      wrote()
    },
    note(text) {
      notes += `${text}\n`
      wrote()
    },
    paint: { bold: same, dim: same, italic: same, red: same, green: same, yellow: same, cyan: same },
    interactive: options.interactive ?? false,
    columns: () => columns,
    rows: () => 24,
    progress() {},
    readInput: async () => options.input ?? '',
    async *readLines() {
      for (const line of (options.input ?? '').split('\n')) if (line !== '') yield line
    },
    ...(options.interactive === true ? { keys: listen, fullScreen: listen } : {}),
    onResize(listener) {
      resizeListeners.add(listener)
      return () => resizeListeners.delete(listener)
    },
    onInterrupt(listener) {
      interruptListeners.add(listener)
      return () => interruptListeners.delete(listener)
    },
    async prompts() {
      if (options.prompts === undefined) throw new Error('this test answers no questions')
      return options.prompts
    },
    text: () => out,
    notes: () => notes,
    type(data) {
      if (keyListener === undefined) typedEarly.push(data)
      else keyListener(data)
    },
    resize(width) {
      columns = width
      for (const listener of resizeListeners) listener()
    },
    interrupt() {
      for (const listener of interruptListeners) listener()
    },
    until(words) {
      const there = (): boolean => (typeof words === 'string' ? (out + notes).includes(words) : words.test(out + notes))
      return new Promise((resolve) => {
        const check = (): void => {
          if (!there()) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      })
    },
  }
}
