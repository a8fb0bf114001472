import type { Clock } from '@moltbot/contract'

/** The time of one turn; it stands still while everything is held. */
export interface TurnTimer {
  stop(): void
  /** Goes on with what was left. Returns for how long it had stood still, in ms. */
  go(): number
}

export function createTurnTimer(clock: Clock, limitMs: number, onTime: () => void): TurnTimer {
  let leftMs = limitMs
  let since = clock.now()
  let cancel: (() => void) | undefined = clock.after(limitMs, onTime)
  return {
    stop() {
      if (cancel === undefined) return
      cancel()
      cancel = undefined
      // A clock that was set back must not give time away.
      leftMs -= Math.max(0, clock.now() - since)
      since = clock.now()
    },
    go() {
      if (cancel !== undefined) return 0
      const stoodMs = Math.max(0, clock.now() - since)
      since = clock.now()
      cancel = clock.after(Math.max(0, leftMs), onTime)
      return stoodMs
    },
  }
}
