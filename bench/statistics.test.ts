import { describe, expect, it } from 'vitest'
import { median, quantile } from './statistics.ts'

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
