import type { Clock } from './clock.ts'

/** A state that is `going` until it is over. Clients look at it as often as they like, and wait for what comes next. */
export interface Watched<State> {
  state(): State
  /** How often it changed so far. */
  changes(): number
  /** Resolves at the next change, or after `waitMs`; at once when it is over, or when it changed since the `seen` a client knows. */
  changed(waitMs: number, seen?: number): Promise<void>
}

/** `tell` is for whoever goes on with it: puts the next state in place of the one before and wakes all who wait. */
export function createWatched<State extends { kind: string }>(clock: Clock, first: State): { watched: Watched<State>; tell(now: State): void } {
  let state = first
  let changes = 0
  let waiting = new Set<() => void>()
  return {
    watched: {
      state: () => state,
      changes: () => changes,
      async changed(waitMs, seen = changes) {
        if (state.kind !== 'going' || seen !== changes) return
        await new Promise<void>((resolve) => {
          const cancel = clock.after(waitMs, done)
          function done(): void {
            cancel()
            waiting.delete(done)
            resolve()
          }
          waiting.add(done)
        })
      },
    },
    tell(now) {
      state = now
      changes += 1
      const woken = waiting
      waiting = new Set()
      for (const wake of woken) wake()
    },
  }
}
