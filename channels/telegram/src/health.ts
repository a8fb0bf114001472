import type { ChannelHealth, ChannelHost } from '@moltbot/contract'

export interface HealthKeeper {
  /** A round trip with Telegram succeeded just now. */
  alive(): void
  /** Something is wrong and is being retried. */
  retrying(reason: string, attempt: number, nextAt: number): void
  needsYou(reason: string, action: string): void
  throttled(forMs: number): void
  closed(): void
}

/** Turns what happens into reports that are true: `connected` never survives a failure, `throttled` lasts as long as Telegram said. */
export function createHealthKeeper(host: Pick<ChannelHost, 'health' | 'clock'>, detail: string, warning: string | undefined): HealthKeeper {
  let since: number | undefined
  let throttledUntil = 0
  let over = false
  let cancelThrottle = (): void => {}
  const report = (health: ChannelHealth): void => {
    if (!over) host.health(health)
  }

  function alive(): void {
    since = undefined
    const at = host.clock.now()
    if (at < throttledUntil) return
    report(warning === undefined ? { kind: 'connected', at, detail } : { kind: 'connected', at, detail, warning })
  }

  return {
    alive,
    retrying(reason, attempt, nextAt) {
      since ??= host.clock.now()
      report({ kind: 'retrying', since, reason, attempt, nextAt })
    },
    needsYou(reason, action) {
      since ??= host.clock.now()
      report({ kind: 'needs-you', reason, action })
    },
    throttled(forMs) {
      throttledUntil = host.clock.now() + forMs
      report({ kind: 'throttled', until: throttledUntil })
      cancelThrottle()
      // The 429 itself was a round trip; unless something failed since, the line is good again once the time is over.
      cancelThrottle = host.clock.after(forMs, () => {
        if (since === undefined) alive()
      })
    },
    closed() {
      cancelThrottle()
      report({ kind: 'closed' })
      over = true
    },
  }
}
