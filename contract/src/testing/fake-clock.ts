import type { Clock, Logger, NewId } from '../clock.ts'

/** A clock that moves only when told. */
export class FakeClock implements Clock {
  #now: number
  #timers: { at: number; task: () => void }[] = []

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start
  }

  now(): number {
    return this.#now
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = { at: this.#now + delayMs, task }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** When the next task falls due; undefined when nobody waits. */
  nextAt(): number | undefined {
    return this.#timers.length === 0 ? undefined : Math.min(...this.#timers.map(({ at }) => at))
  }

  /** Moves time on, running what falls due in order, and lets promises settle after each step. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.#timers = this.#timers.filter((timer) => timer !== due)
      this.#now = Math.max(this.#now, due.at)
      due.task()
      await new Promise((resolve) => setImmediate(resolve))
    }
    this.#now = end
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** The real clock, for tests that run against real sockets. Shared by all of them, so nobody sets it. */
export const realClock: Clock = Object.freeze<Clock>({
  now: () => Date.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs)
    return () => clearTimeout(timer)
  },
})

/** Ids in order, readable in failures: `in1`, `in2`. */
export function countingIds(): NewId {
  let last = 0
  return (prefix) => `${prefix}${++last}`
}

/** Keeps what was logged. */
export function memoryLogger(): Logger & { lines: { level: string; message: string; facts?: Record<string, unknown> }[] } {
  const lines: { level: string; message: string; facts?: Record<string, unknown> }[] = []
  const write = (level: string) => (message: string, facts?: Record<string, unknown>) => {
    lines.push(facts === undefined ? { level, message } : { level, message, facts })
  }
  const logger = { lines, debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error'), child: () => logger }
  return logger
}
