import { isIPv6 } from 'node:net'
import type { Clock, Logger, Store } from '@moltbot/contract'
import { describeError } from '@moltbot/contract'
import { isLoopback } from './source.ts'
import { unixPeer } from './unix-peers.ts'

/** Counts wrong secrets per source and credential class, over restarts too. Bounded: forgets the oldest sources first. */
export interface AttemptLimit {
  /** Reads what was counted before this start. Until then nothing is forgiven that this process counted itself. */
  load(): Promise<void>
  /** Milliseconds until the source may try again; 0: now. */
  lockedForMs(source: string, credential: string): number
  /** A wrong secret was presented. Counted at once; resolves when the count would survive a crash, so answer after it. */
  failed(source: string, credential: string): Promise<void>
  /** The right one was presented: what went wrong before is forgiven. */
  succeeded(source: string, credential: string): void
  /** One guess of a source after the other, so that a burst over many sockets meets the limit like guesses in a row. */
  inTurn<T>(source: string, guess: () => Promise<T>): Promise<T>
}

const sourcesMax = 10_000
/** All strangers together: beyond this, nobody from outside is evaluated until the window is over. */
const everybodyMax = 300

/** IPv6 peers own whole /64 networks, so they count as one. */
function sourceKey(address: string): string {
  if (!isIPv6(address) || address === '::1') return address
  const [head = ''] = address.split('::')
  return `${head.split(':').slice(0, 4).join(':')}::/64`
}

export function createAttemptLimit(options: { clock: Clock; store: Store; log: Logger; limits: () => { maxAttempts: number; windowMs: number; lockoutMs: number } }): AttemptLimit {
  const { clock, store, log } = options
  const counts = new Map<string, { failures: number[]; lockedUntil: number }>()
  const lines = new Map<string, Promise<unknown>>()
  let everybody: number[] = []
  const ownMachine = (source: string): boolean => source === unixPeer || isLoopback(source)
  const key = (source: string, credential: string): string => `${credential} ${sourceKey(source)}`
  const unwritten = (error: unknown): void => log.error('A wrong secret could not be counted on disk; it is counted until the next start.', { error: describeError(error) })

  return {
    async load() {
      const now = clock.now()
      const { windowMs } = options.limits()
      for (const row of await store.read.all<{ name: string; failures: string; locked_until: number }>('SELECT name, failures, locked_until FROM door_attempts')) {
        const failures = (JSON.parse(row.failures) as number[]).filter((at) => now - at < windowMs)
        if (failures.length > 0 || row.locked_until > now) counts.set(row.name, { failures, lockedUntil: row.locked_until })
        if (!ownMachine(row.name.split(' ')[1] ?? '')) everybody.push(...failures)
      }
      everybody.sort((a, b) => a - b)
      await store.transaction(async (tx) => {
        for (const { name } of await tx.all<{ name: string }>('SELECT name FROM door_attempts')) if (!counts.has(name)) await tx.run('DELETE FROM door_attempts WHERE name = ?', name)
      })
    },
    lockedForMs(source, credential) {
      const now = clock.now()
      const own = Math.max(0, (counts.get(key(source, credential))?.lockedUntil ?? 0) - now)
      if (ownMachine(source)) return own
      const { windowMs } = options.limits()
      everybody = everybody.filter((at) => now - at < windowMs)
      return everybody.length < everybodyMax ? own : Math.max(own, windowMs - (now - (everybody[0] ?? now)))
    },
    async failed(source, credential) {
      const { maxAttempts, windowMs, lockoutMs } = options.limits()
      const now = clock.now()
      const name = key(source, credential)
      const count = counts.get(name) ?? { failures: [], lockedUntil: 0 }
      // Whoever is locked out already is refused whatever they say; their tries would only wear the disk.
      if (count.lockedUntil > now) return
      count.failures = [...count.failures.filter((at) => now - at < windowMs), now]
      if (count.failures.length >= maxAttempts) {
        count.lockedUntil = now + lockoutMs
        count.failures = []
      }
      counts.delete(name)
      counts.set(name, count)
      if (!ownMachine(source)) everybody.push(now)
      const forgotten = counts.size > sourcesMax ? [...counts.keys()].slice(0, counts.size - sourcesMax) : []
      for (const oldest of forgotten) counts.delete(oldest)
      const { failures, lockedUntil } = count
      await store.transaction(async (tx) => {
        await tx.run(
          'INSERT INTO door_attempts (name, failures, locked_until) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET failures = excluded.failures, locked_until = excluded.locked_until',
          name, JSON.stringify(failures), lockedUntil,
        )
        for (const oldest of forgotten) await tx.run('DELETE FROM door_attempts WHERE name = ?', oldest)
      }).catch(unwritten)
    },
    succeeded(source, credential) {
      const name = key(source, credential)
      if (!counts.delete(name)) return
      store.transaction((tx) => tx.run('DELETE FROM door_attempts WHERE name = ?', name)).catch(unwritten)
    },
    async inTurn(source, guess) {
      const name = sourceKey(source)
      const before = lines.get(name)
      const mine = (before ?? Promise.resolve()).then(guess)
      const settled = mine.catch(() => undefined)
      lines.set(name, settled)
      try {
        return await mine
      } finally {
        if (lines.get(name) === settled) lines.delete(name)
      }
    },
  }
}
