import type { Clock } from '@moltbot/contract'

const timerMax = 2_147_483_647

/** The machine's clock. Timers do not keep the process alive by themselves; the open server does. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, task) {
    let timer: ReturnType<typeof setTimeout>
    const arm = (leftMs: number): void => {
      // The machine's timers end at 24.8 days; what is further away takes several.
      const now = Math.min(leftMs, timerMax)
      timer = setTimeout(() => (leftMs > now ? arm(leftMs - now) : task()), now)
      timer.unref()
    }
    arm(Number.isNaN(delayMs) ? 0 : Math.max(0, delayMs))
    return () => clearTimeout(timer)
  },
}
