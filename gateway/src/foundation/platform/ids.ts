import { randomBytes } from 'node:crypto'
import type { NewId } from '@moltbot/contract'

const digits = '0123456789abcdefghijklmnopqrstuvwxyz'

function base36(value: number, width: number): string {
  let text = ''
  for (let rest = value, place = 0; place < width; place += 1) {
    text = (digits[rest % 36] ?? '0') + text
    rest = Math.floor(rest / 36)
  }
  return text
}

/**
 * Identifiers like `in-0k3x…`: 9 digits of milliseconds (sortable until the year 5188), 3 of a counter within one process
 * (so two of the same millisecond keep their order), 12 random ones (62 bits).
 */
export function createIds(now: () => number): NewId {
  let count = 0
  // Asking the system for random bytes costs the same for twelve and for a thousand.
  let pool: Buffer = Buffer.alloc(0)
  let used = 0
  return (prefix) => {
    count = (count + 1) % 46_656
    if (used + 12 > pool.length) {
      pool = randomBytes(1_020)
      used = 0
    }
    let random = ''
    for (const byte of pool.subarray(used, used += 12)) random += digits[byte % 36]
    return `${prefix}-${base36(now(), 9)}${base36(count, 3)}${random}`
  }
}
