import type { ChannelHealth, ChannelHost } from '@moltbot/contract'

export interface HealthKeeper {
  /** The line stands and Discord answered just now. */
  alive(): void
  /** No line; the next attempt is at `nextAt`. */
  retrying(reason: string, attempt: number, nextAt: number): void
  needsYou(reason: string, action: string): void
  throttled(forMs: number): void
  closed(): void
}

/** Turns what happens into reports that are true: `connected` never survives a loss, `throttled` lasts as long as Discord said. */
export function createHealthKeeper(host: Pick<ChannelHost, 'health' | 'clock'>, detail: string, warning: string | undefined): HealthKeeper {
  let lostSince: number | undefined
  let up = false
  let throttledUntil = 0
  let stuck = false
  let over = false
  let cancelThrottle = (): void => {}
  const report = (health: ChannelHealth): void => {
    if (!over) host.health(health)
  }

  function alive(): void {
    up = true
    lostSince = undefined
    const at = host.clock.now()
    if (at < throttledUntil || stuck) return
    report(warning === undefined ? { kind: 'connected', at, detail } : { kind: 'connected', at, detail, warning })
  }

  return {
    alive,
    retrying(reason, attempt, nextAt) {
      up = false
      lostSince ??= host.clock.now()
      if (!stuck) report({ kind: 'retrying', since: lostSince, reason, attempt, nextAt })
    },
    needsYou(reason, action) {
      up = false
      stuck = true
      report({ kind: 'needs-you', reason, action })
    },
    throttled(forMs) {
      if (stuck) return
      throttledUntil = host.clock.now() + forMs
      report({ kind: 'throttled', until: throttledUntil })
      cancelThrottle()
      // Being told to wait was a round trip; unless the line was lost since, it is good again once the time is over.
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
