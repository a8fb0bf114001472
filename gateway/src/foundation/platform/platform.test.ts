import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createIds, systemClock } from './index.ts'

describe('the clock', () => {
  beforeEach(() => { vi.useFakeTimers() })
  afterEach(() => { vi.useRealTimers() })

  it('keeps a task for as long as it was told, also beyond what one timer of the machine can', () => {
    const days = 24 * 3_600_000
    let ran = 0
    systemClock.after(60 * days, () => { ran += 1 })
    vi.advanceTimersByTime(60 * days - 1)
    expect(ran).toBe(0)
    vi.advanceTimersByTime(1)
    expect(ran).toBe(1)
    vi.advanceTimersByTime(100 * days)
    expect(ran).toBe(1)
  })
  it('forgets a task that was cancelled, also late and twice', () => {
    let ran = 0
    const cancel = systemClock.after(40 * 24 * 3_600_000, () => { ran += 1 })
    vi.advanceTimersByTime(30 * 24 * 3_600_000)
    cancel()
    cancel()
    vi.advanceTimersByTime(30 * 24 * 3_600_000)
    expect(ran).toBe(0)
  })
  it.each([-5, 0, Number.NaN])('runs a task that is due (%s ms) soon, and not at once', (delay) => {
    let ran = 0
    systemClock.after(delay, () => { ran += 1 })
    expect(ran).toBe(0)
    vi.advanceTimersByTime(1)
    expect(ran).toBe(1)
  })
})

describe('ids', () => {
  it('are different, sorted as they were made, and name their kind', () => {
    let now = Date.UTC(2026, 0, 1)
    const newId = createIds(() => now)
    const ids = Array.from({ length: 20_000 }, (_, at) => { if (at % 100 === 0) now += 1; return newId('in') })
    expect(new Set(ids).size).toBe(ids.length)
    expect([...ids].sort()).toEqual(ids)
    expect(ids[0]).toMatch(/^in-[0-9a-z]{24}$/)
  })
  it('of two processes of the same instant are different', () => {
    const [one, other] = [createIds(() => 1), createIds(() => 1)]
    expect(one('in')).not.toBe(other('in'))
  })
})
