import type { Clock } from '@moltbot/contract'

/** Notices silence. `silent` resolves once nothing was heard for the patience in force. */
export interface Watch {
  silent: Promise<'silent'>
  /** A sign of life: the patience starts over, and is `patienceMs` from now on when given. */
  heard(patienceMs?: number): void
  /** Whoever reads the answer is busy: their silence is not the model's. Ends with `resume`. */
  pause(): void
  resume(): void
  stop(): void
}

export function watchSilence(clock: Clock, firstPatienceMs: number): Watch {
  let resolve: (value: 'silent') => void = () => undefined
  const silent = new Promise<'silent'>((settle) => {
    resolve = settle
  })
  let patienceMs = firstPatienceMs
  let last = clock.now()
  let stopped = false
  let paused = false
  let cancel = clock.after(patienceMs, check)
  function check(): void {
    if (stopped || paused) return
    const left = last + patienceMs - clock.now()
    if (left <= 0) resolve('silent')
    else cancel = clock.after(left, check)
  }
  return {
    silent,
    heard(next) {
      last = clock.now()
      if (next === undefined || next === patienceMs) return
      patienceMs = next
      cancel()
      if (!stopped && !paused) cancel = clock.after(patienceMs, check)
    },
    pause() {
      paused = true
      cancel()
    },
    resume() {
      if (!paused || stopped) return
      paused = false
      last = clock.now()
      cancel = clock.after(patienceMs, check)
    },
    stop() {
      stopped = true
      cancel()
    },
  }
}
