/**
 * How long to wait before the next attempt, in ms: `firstMs` before the first, twice as long each time, never more than `maxMs`. Longer by up to
 * `spread` (a share), so that several logins do not knock together; the clock's last digits are chance enough.
 */
export function linePause(attempt: number, now: number, { firstMs, maxMs, spread = 0.2, factor = 2 }: { firstMs: number; maxMs: number; spread?: number; factor?: number }): number {
  const base = Math.min(maxMs, firstMs * factor ** Math.min(16, Math.max(0, attempt - 1)))
  return Math.round(base * (1 + spread * ((now % 97) / 97)))
}
