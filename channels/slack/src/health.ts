import type { ChannelHealth, ChannelHost } from '@moltbot/contract'

export interface HealthKeeper {
  /** The line stands and Slack answered just now. */
  alive(): void
  /** No line; the next attempt is at `nextAt`. */
  retrying(reason: string, attempt: number, nextAt: number): void
  /** `until`: for good, or until a call works again. */
  needsYou(reason: string, action: string, until?: 'reopened' | 'works'): void
  /** A call that needed the login worked. */
  works(): void
  throttled(forMs: number): void
  closed(): void
}

/** Turns what happens into reports that are true: `connected` never survives a loss, `throttled` lasts as long as Slack said. */
export function createHealthKeeper(host: Pick<ChannelHost, 'health' | 'clock'>, detail: string, warning: string | undefined): HealthKeeper {
  let lostSince: number | undefined
  let up = false
  let throttledUntil = 0
  let stuck: 'reopened' | 'works' | undefined
  let over = false
  let cancelThrottle = (): void => {}
  const report = (health: ChannelHealth): void => {
    if (!over) host.health(health)
  }

  function alive(): void {
    up = true
    lostSince = undefined
    const at = host.clock.now()
    if (at < throttledUntil || stuck !== undefined) return
    report(warning === undefined ? { kind: 'connected', at, detail } : { kind: 'connected', at, detail, warning })
  }

  return {
    alive,
    retrying(reason, attempt, nextAt) {
      up = false
      lostSince ??= host.clock.now()
      if (stuck === undefined) report({ kind: 'retrying', since: lostSince, reason, attempt, nextAt })
    },
    needsYou(reason, action, until = 'reopened') {
      if (stuck === 'reopened') return
      stuck = until
      report({ kind: 'needs-you', reason, action })
    },
    works() {
      if (stuck !== 'works') return
      stuck = undefined
      if (up) alive()
    },
    throttled(forMs) {
      if (stuck !== undefined) return
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
