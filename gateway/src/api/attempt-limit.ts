import { isIPv6 } from 'node:net'
import type { Clock } from '@moltbot/contract'

/** Counts wrong secrets per source and credential class. Bounded: forgets the oldest sources first. */
export interface AttemptLimit {
  /** Milliseconds until the source may try again; 0: now. */
  lockedForMs(source: string, credential: string): number
  /** A wrong secret was presented. */
  failed(source: string, credential: string): void
  /** The right one was presented: what went wrong before is forgiven. */
  succeeded(source: string, credential: string): void
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

export function createAttemptLimit(options: { clock: Clock; limits: () => { maxAttempts: number; windowMs: number; lockoutMs: number } }): AttemptLimit {
  const { clock } = options
  const counts = new Map<string, { failures: number[]; lockedUntil: number }>()
  let everybody: number[] = []
  const isLoopback = (source: string): boolean => source === '::1' || source.startsWith('127.')
  const key = (source: string, credential: string): string => `${credential} ${sourceKey(source)}`

  return {
    lockedForMs(source, credential) {
      const now = clock.now()
      const own = Math.max(0, (counts.get(key(source, credential))?.lockedUntil ?? 0) - now)
      if (isLoopback(source)) return own
      const { windowMs } = options.limits()
      everybody = everybody.filter((at) => now - at < windowMs)
      return everybody.length < everybodyMax ? own : Math.max(own, windowMs - (now - (everybody[0] ?? now)))
    },
    failed(source, credential) {
      const { maxAttempts, windowMs, lockoutMs } = options.limits()
      const now = clock.now()
      const name = key(source, credential)
      const count = counts.get(name) ?? { failures: [], lockedUntil: 0 }
      count.failures = [...count.failures.filter((at) => now - at < windowMs), now]
      if (count.failures.length >= maxAttempts) {
        count.lockedUntil = now + lockoutMs
        count.failures = []
      }
      counts.delete(name)
      counts.set(name, count)
      if (!isLoopback(source)) everybody.push(now)
      if (counts.size > sourcesMax) for (const oldest of [...counts.keys()].slice(0, counts.size - sourcesMax)) counts.delete(oldest)
    },
    succeeded(source, credential) {
      counts.delete(key(source, credential))
    },
  }
}
