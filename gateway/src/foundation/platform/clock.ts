import type { Clock } from '@moltbot/contract'

/** The machine's clock. Timers do not keep the process alive by themselves; the open server does. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, Math.min(Math.max(0, delayMs), 2_147_483_647))
    timer.unref()
    return () => clearTimeout(timer)
  },
}
