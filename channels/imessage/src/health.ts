import type { ChannelHealth, ChannelHost } from '@moltbot/contract'

export interface HealthKeeper {
  /** The line stands and the other side answered just now. */
  alive(): void
  /** Who we are, once it is known. */
  named(detail: string): void
  /** Works worse than it should until a person acts. */
  warn(sentence: string): void
  /** No line; the next attempt is at `nextAt`. */
  retrying(reason: string, attempt: number, nextAt: number): void
  /** `until`: for good, or until a call works again. */
  needsYou(reason: string, action: string, until?: 'reopened' | 'works'): void
  works(): void
  closed(): void
}

/** Turns what happens into reports that are true: `connected` never survives a loss. */
export function createHealthKeeper(host: Pick<ChannelHost, 'health' | 'clock'>): HealthKeeper {
  let detail: string | undefined
  let warning: string | undefined
  let lostSince: number | undefined
  let up = false
  let stuck: 'reopened' | 'works' | undefined
  let over = false
  const report = (health: ChannelHealth): void => {
    if (!over) host.health(health)
  }

  function alive(): void {
    up = true
    lostSince = undefined
    const at = host.clock.now()
    if (stuck !== undefined) return
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
      stuck = until
      report({ kind: 'needs-you', reason, action })
    },
    works() {
      if (stuck !== 'works') return
      stuck = undefined
      if (up) alive()
    },
    closed() {
      report({ kind: 'closed' })
      over = true
    },
  }
}
