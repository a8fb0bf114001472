import { describe, expect, it } from 'vitest'
import { amount, missedByFar, verdictOf, type Figure } from './results.ts'

const figure = (value: number, budget?: number): Figure => ({ what: 'a thing', unit: 'ms', value, how: 'once', ...(budget === undefined ? {} : { budget }) })

describe('verdicts', () => {
  it('holds a number against its budget', () => {
    expect([figure(5, 5), figure(5.1, 5), figure(5)].map(verdictOf)).toEqual(['kept', 'missed', 'none'])
  })
  it('forgives noise, but neither double the budget nor a lost message nor a number that is none', () => {
    expect([figure(9.9, 5), figure(10.1, 5), figure(0, 0), figure(1, 0), figure(Number.NaN, 5), figure(1_000)].map(missedByFar)).toEqual([false, true, false, true, true, false])
  })
  it('writes as many digits as mean something', () => {
    expect([amount(1.234, 'ms'), amount(12.34, 'ms'), amount(123.4, 'ms'), amount(3, 'messages')]).toEqual(['1.23 ms', '12.3 ms', '123 ms', '3 messages'])
  })
})
