import { Worker } from 'node:worker_threads'
import type { Clock } from '@moltbot/contract'
import { Problem } from '@moltbot/contract'

/** Finds the lines of one text that match. */
export interface LineMatcher {
  /** 1-based lines with where the match begins; at most `max`. Rejects with `Problem('search-too-slow')` when a pattern takes too long. */
  find(text: string, max: number): Promise<{ line: number; text: string; at: number }[]>
  close(): void
}

/** A pattern that needs longer than this for one file of at most 1 MiB is given up. */
const fileTimeoutMs = 2_000
/** Only so much of a line is looked at by a pattern: catastrophic patterns need long lines. */
const lineLengthMax = 10_000

/** Plain words: a linear search here, no pattern at all. */
export function wordsMatcher(words: string, ignoreCase: boolean): LineMatcher {
  const wanted = ignoreCase ? words.toLowerCase() : words
  return {
    async find(text, max) {
      const found: { line: number; text: string; at: number }[] = []
      const lines = text.split('\n')
      for (let index = 0; index < lines.length && found.length < max; index++) {
        const line = lines[index] ?? ''
        const at = (ignoreCase ? line.toLowerCase() : line).indexOf(wanted)
        if (at >= 0) found.push({ line: index + 1, text: line, at })
      }
      return found
    },
    close() {
      // Nothing is held.
    },
  }
}

/** Runs in a thread of its own that can be ended at any point, also inside the pattern. Plain text so that a bundle needs no second file. */
const threadSource = `
const { parentPort, workerData } = require('node:worker_threads')
const pattern = new RegExp(workerData.pattern, workerData.flags)
parentPort.on('message', ({ text, max }) => {
  const found = []
  const lines = text.split('\\n')
  for (let index = 0; index < lines.length && found.length < max; index++) {
    const at = lines[index].slice(0, workerData.lineLengthMax).search(pattern)
    if (at >= 0) found.push({ line: index + 1, text: lines[index], at })
  }
  parentPort.postMessage(found)
})
`

/**
 * A regular expression, run in a thread that is ended when one file takes it longer than 2 s, so that no pattern can hold
 * the gateway. Throws `Problem('search-pattern-invalid')`.
 */
export function patternMatcher(pattern: string, ignoreCase: boolean, clock: Clock): LineMatcher {
  const flags = validFlags(pattern, ignoreCase)
  const thread = new Worker(threadSource, { eval: true, env: {}, workerData: { pattern, flags, lineLengthMax }, resourceLimits: { maxOldGenerationSizeMb: 64 } })
  thread.unref()
  let broken: Problem | undefined
  const end = () => void thread.terminate()
  return {
    find(text, max) {
      return new Promise((resolve, reject) => {
        if (broken !== undefined) {
          reject(broken)
          return
        }
        const fail = () => {
          broken = new Problem('search-too-slow', 'This pattern takes too long.', { next: 'Use a simpler pattern, or search for plain words.' })
          settle()
          end()
          reject(broken)
        }
        const done = (found: { line: number; text: string; at: number }[]) => {
          settle()
          resolve(found)
        }
        const settle = () => {
          cancel()
          thread.off('message', done)
          thread.off('error', fail)
          thread.off('exit', fail)
        }
        const cancel = clock.after(fileTimeoutMs, fail)
        thread.on('message', done)
        thread.on('error', fail)
        thread.on('exit', fail)
        thread.postMessage({ text, max })
      })
    },
    close: end,
  }
}

function validFlags(pattern: string, ignoreCase: boolean): string {
  const extra = ignoreCase ? 'i' : ''
  for (const flags of [`u${extra}`, extra]) {
    try {
      new RegExp(pattern, flags)
      return flags
    } catch {
      // Patterns written for older engines are only valid without `u`; if neither takes it, the person is told below.
    }
  }
  throw new Problem('search-pattern-invalid', 'This is not a valid regular expression.', { next: 'Correct it, or search for plain words.' })
}
