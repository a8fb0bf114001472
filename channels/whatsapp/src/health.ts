import type { ChannelHealth, ChannelHost } from '@moltbot/contract'

export interface HealthKeeper {
  /** The line stands and WhatsApp answered just now. */
  alive(): void
  /** No line; the next attempt is at `nextAt`. */
  retrying(reason: string, attempt: number, nextAt: number): void
  needsYou(reason: string, action: string): void
  throttled(forMs: number): void
  closed(): void
}

/** Turns what happens into reports that are true: `connected` never survives a loss, `throttled` lasts as long as was said. */
export function createHealthKeeper(host: Pick<ChannelHost, 'health' | 'clock'>, detail: string): HealthKeeper {
  let lostSince: number | undefined
  let throttledUntil = 0
  let up = false
  let over = false
  let cancelThrottle = (): void => {}
  const report = (health: ChannelHealth): void => {
    if (!over) host.health(health)
  }

  function alive(): void {
    up = true
    lostSince = undefined
    const at = host.clock.now()
    if (at >= throttledUntil) report({ kind: 'connected', at, detail })
  }

  return {
    alive,
    retrying(reason, attempt, nextAt) {
      up = false
      lostSince ??= host.clock.now()
      report({ kind: 'retrying', since: lostSince, reason, attempt, nextAt })
    },
    needsYou(reason, action) {
      up = false
      report({ kind: 'needs-you', reason, action })
    },
    throttled(forMs) {
      throttledUntil = host.clock.now() + forMs
      report({ kind: 'throttled', until: throttledUntil })
      cancelThrottle()
      cancelThrottle = host.clock.after(forMs, () => {
        if (up) alive()
      })
    },
    closed() {
      cancelThrottle()
      report({ kind: 'closed' })
      over = true
    },
  }
}
