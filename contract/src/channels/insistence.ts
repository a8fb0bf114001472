import type { ChannelHost } from '../channel.ts'
import { describeError, type Problem } from '../problem.ts'

const firstPauseMs = 250
const pauseMaxMs = 10_000

/** Work that has to succeed, because what comes after it in its chat must wait for it. */
export interface Insistence {
  /** Repeats until it works; `what` says in the log what could not be done. Rejects only once it was ended. */
  insist<T>(what: string, work: () => Promise<T>): Promise<T>
  /** Nothing is repeated any more; whoever waits is let go. */
  end(): void
}

/**
 * `channel` begins the lines in the log. `closing`: what those hear who waited when it ended. `waitOf`: how long a failure itself asks to wait, in
 * ms; undefined: it does not say.
 */
export function createInsistence(
  { clock, log }: Pick<ChannelHost, 'clock' | 'log'>, channel: string, closing: () => Problem, waitOf: (error: unknown) => number | undefined = () => undefined,
): Insistence {
  const wakers = new Set<() => void>()
  let ended = false

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(ms, wake)
      function wake(): void {
        cancel()
        wakers.delete(wake)
        resolve()
      }
      wakers.add(wake)
    })
  }

  return {
    async insist(what, work) {
      for (let usualMs = firstPauseMs; ; usualMs = Math.min(pauseMaxMs, usualMs * 2)) {
        let pauseMs = usualMs
        try {
          return await work()
        } catch (error) {
          if (ended) throw error
          pauseMs = waitOf(error) ?? usualMs
          log.warn(`${channel}: ${what}; it is tried again`, { error: describeError(error), pauseMs })
        }
        await pause(pauseMs)
        if (ended) throw closing()
      }
    },
    end() {
      ended = true
      for (const wake of wakers) wake()
    },
  }
}
