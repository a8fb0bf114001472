import { openSync, readSync } from 'node:fs'
import type { Clock } from '../clock.ts'

/** How often it is looked how long this process lived, and the most that counts between two looks, ms. */
const lookEveryMs = 5
const countedMaxMs = 20
let lived = 0
let looked: { at: number; waited: number } | undefined

/** How long this process wanted to work and had no processor so far, ms, as Linux counts it; elsewhere nobody says. */
const waitedMs = ((): (() => number) => {
  try {
    const account = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r')
    const text = Buffer.alloc(80)
    return () => Number(text.toString('latin1', 0, readSync(account, text, 0, text.length, 0)).split(' ')[1]) / 1e6
  } catch {
    // It is no Linux, or one that does not count this: then only what lies between two looks says something.
    return () => 0
  }
})()

/** The time this process lived through, ms: without what it had to wait for a processor, and no more than a moment of what it did in one piece. */
function livedMs(): number {
  const now = { at: performance.now(), waited: waitedMs() }
  if (looked === undefined) setInterval(livedMs, lookEveryMs).unref()
  else lived += Math.min(Math.max(0, now.at - looked.at - (now.waited - looked.waited)), countedMaxMs)
  looked = now
  return lived
}

/**
 * A clock that runs `speed` times as fast as this process lives, for waits of minutes that a test against real sockets cannot sit out. On a busy
 * machine it goes slower, as the work does: what is short only because the clock is fast (half a second to open a line) is not over before its work had its turn.
 */
export function fastClock(speed: number): Clock & { speed: number } {
  const start = Date.now()
  const from = livedMs()
  return {
    speed,
    now: () => start + Math.floor((livedMs() - from) * speed),
    after(delayMs, task) {
      const due = livedMs() + delayMs / speed
      let timer: NodeJS.Timeout
      const wait = (ms: number): void => {
        timer = setTimeout(() => {
          const left = due - livedMs()
          if (left > 0) wait(left)
          else task()
        }, Math.ceil(ms))
      }
      wait(delayMs / speed)
      return () => clearTimeout(timer)
    },
  }
}
