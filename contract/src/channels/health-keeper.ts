import type { ChannelHealth, ChannelHost } from '../channel.ts'

/** What a connection says of itself as it happens. */
export interface HealthKeeper {
  /** The line stands and the other side spoke just now. */
  alive(): void
  /** Who we are, once it is known. */
  named(detail: string): void
  /** Works worse than it should until a person acts. */
  warn(sentence: string): void
  /** No line; the next attempt is at `nextAt`, epoch ms. */
  retrying(reason: string, attempt: number, nextAt: number): void
  /** `until`: for good (`reopened`), until a call that needed the login works, or until the line stands again (`alive`). */
  needsYou(reason: string, action: string, until?: 'reopened' | 'works' | 'alive'): void
  /** A call that needed the login worked. */
  works(): void
  throttled(forMs: number): void
  closed(): void
}

/** Turns what happens into reports that are true: `connected` never survives a loss, `throttled` lasts as long as was said. */
export function createHealthKeeper(host: Pick<ChannelHost, 'health' | 'clock'>, known: { detail?: string | undefined; warning?: string | undefined } = {}): HealthKeeper {
  let { detail, warning } = known
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
    report({ kind: 'connected', at, ...(detail === undefined ? {} : { detail }), ...(warning === undefined ? {} : { warning }) })
  }

  return {
    alive,
    named: (text) => void (detail = text),
    warn(sentence) {
      warning = sentence
      if (up) alive()
    },
    retrying(reason, attempt, nextAt) {
      up = false
      lostSince ??= host.clock.now()
      if (stuck === undefined) report({ kind: 'retrying', since: lostSince, reason, attempt, nextAt })
    },
    needsYou(reason, action, until = 'reopened') {
      if (stuck === 'reopened') return
      if (until === 'alive') up = false
      else stuck = until
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
