import { SendProblem, describeError, type ChatRef, type Clock } from '@moltbot/contract'
import type { Connections } from '../../foundation/connections/types.ts'

/** A send that has not answered after this long counts as uncertain. */
export const sendDeadlineMs = 30_000

/** How long the outbox waits: between two tries, for a place to come back, for a network to answer. Nothing outlasts its end. */
export interface Patience {
  /** The gateway stops: nothing more is begun. */
  over(): boolean
  end(): void
  /** Waits `ms`, or until the gateway stops (then false). */
  pause(ms: number): Promise<boolean>
  /** Resolves true once the place can be reached, false when the gateway stops or `ms` have passed before that. */
  whenUp(chat: ChatRef, ms: number): Promise<boolean>
  /** Whatever a channel throws that does not say what is certain counts as uncertain. `ms`: `sendDeadlineMs` unless given. */
  withDeadline<T>(run: (signal: AbortSignal) => Promise<T>, ms?: number): Promise<T>
}

export function createPatience(clock: Clock, connections: Connections): Patience {
  const closing = new AbortController()
  return {
    over: () => closing.signal.aborted,
    end: () => closing.abort(),
    pause: (ms) => new Promise((resolve) => {
      if (closing.signal.aborted) return resolve(false)
      const stop = (): void => { cancel(); resolve(false) }
      const cancel = clock.after(ms, () => { closing.signal.removeEventListener('abort', stop); resolve(true) })
      closing.signal.addEventListener('abort', stop, { once: true })
    }),
    whenUp: (chat, ms) => new Promise((resolve) => {
      if (closing.signal.aborted) return resolve(false)
      if (connections.of(chat) !== undefined) return resolve(true)
      const finish = (up: boolean): void => {
        off()
        cancel()
        closing.signal.removeEventListener('abort', stop)
        resolve(up)
      }
      const stop = (): void => finish(false)
      const off = connections.onUp((channel, account) => {
        if (channel === chat.channel && account === chat.account) finish(true)
      })
      const cancel = clock.after(ms, () => finish(false))
      closing.signal.addEventListener('abort', stop, { once: true })
    }),
    withDeadline(run, ms = sendDeadlineMs) {
      const controller = new AbortController()
      return new Promise((resolve, reject) => {
        const cancel = clock.after(ms, () => {
          reject(new SendProblem('unknown', `no answer within ${Math.round(ms / 1000)} s`))
          controller.abort()
        })
        const started = (async () => run(controller.signal))()
        started.then(resolve, (error: unknown) => reject(error instanceof SendProblem ? error : new SendProblem('unknown', describeError(error), { cause: error }))).finally(cancel)
      })
    },
  }
}
