import { describe, expect, it } from 'vitest'
import { addedShare, covered, median, quantile } from './statistics.ts'

describe('quantile', () => {
  it('is the nearest rank, whatever the order', () => {
    const values = [5, 1, 4, 2, 3]
    expect(median(values)).toBe(3)
    expect(quantile(values, 0.95)).toBe(5)
    expect(quantile(values, 0)).toBe(1)
    expect(quantile(Array.from({ length: 100 }, (_, at) => at + 1), 0.95)).toBe(95)
  })
  it('is no number when there is nothing to look at', () => {
    expect(median([])).toBeNaN()
  })
})

describe('covered', () => {
  it('counts time once, however many spans lie over it, in whatever order they ended', () => {
    expect(covered([[2, 3], [0, 10], [8, 12], [20, 21], [0, 10]])).toBe(13)
  })
  it('is nothing without spans', () => {
    expect(covered([])).toBe(0)
  })
})

describe('the share a part adds', () => {
  it('is held against what remains without it, not against the whole', () => {
    expect(addedShare([{ ms: 10, part: 2 }], 0.5)).toBeCloseTo(25)
    expect(addedShare([{ ms: 10, part: 0 }], 0.99)).toBe(0)
  })
  it('compares quantiles of both: a part that only slows the slowest shows in the tail alone', () => {
    const measured = [...Array.from({ length: 98 }, () => ({ ms: 10, part: 0 })), { ms: 30, part: 15 }, { ms: 30, part: 15 }]
    expect(addedShare(measured, 0.5)).toBe(0)
    expect(addedShare(measured, 0.99)).toBeCloseTo(100)
  })
  it('is no number when nothing was measured', () => {
    expect(addedShare([], 0.5)).toBeNaN()
  })
})
