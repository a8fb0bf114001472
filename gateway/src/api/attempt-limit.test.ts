import { describe, expect, it } from 'vitest'
import { FakeClock } from '@moltbot/contract/testing'
import { createAttemptLimit } from './attempt-limit.ts'

const limits = { maxAttempts: 10, windowMs: 60_000, lockoutMs: 300_000 }

describe('the limit on guessing', () => {
  it('locks one source and one class after ten within a minute, for five minutes', async () => {
    const clock = new FakeClock()
    const limit = createAttemptLimit({ clock, limits: () => limits })
    for (let guess = 0; guess < 9; guess++) limit.failed('10.0.0.1', 'shared')
    expect(limit.lockedForMs('10.0.0.1', 'shared')).toBe(0)
    limit.failed('10.0.0.1', 'shared')
    expect(limit.lockedForMs('10.0.0.1', 'shared')).toBe(300_000)
    expect([limit.lockedForMs('10.0.0.2', 'shared'), limit.lockedForMs('10.0.0.1', 'device')]).toEqual([0, 0])
    await clock.advance(300_000)
    expect(limit.lockedForMs('10.0.0.1', 'shared')).toBe(0)
  })

  it('forgets slow mistakes and forgives after the right one', async () => {
    const clock = new FakeClock()
    const limit = createAttemptLimit({ clock, limits: () => limits })
    for (let guess = 0; guess < 30; guess++) {
      limit.failed('10.0.0.1', 'shared')
      await clock.advance(7_000)
    }
    expect(limit.lockedForMs('10.0.0.1', 'shared')).toBe(0)
    for (let guess = 0; guess < 9; guess++) limit.failed('10.0.0.2', 'shared')
    limit.succeeded('10.0.0.2', 'shared')
    limit.failed('10.0.0.2', 'shared')
    expect(limit.lockedForMs('10.0.0.2', 'shared')).toBe(0)
  })

  it('takes an IPv6 network for one guesser, and many guessers for a storm', () => {
    const clock = new FakeClock()
    const limit = createAttemptLimit({ clock, limits: () => limits })
    for (let guess = 0; guess < 10; guess++) limit.failed(`2001:db8:1:2::${guess}`, 'shared')
    expect(limit.lockedForMs('2001:db8:1:2:ffff::9', 'shared')).toBeGreaterThan(0)
    expect(limit.lockedForMs('2001:db8:1:3::9', 'shared')).toBe(0)
    for (let guess = 0; guess < 5000; guess++) limit.failed(`10.${guess % 200}.${Math.floor(guess / 200)}.7`, 'shared')
    expect(limit.lockedForMs('99.0.0.1', 'shared')).toBeGreaterThan(0)
    expect(limit.lockedForMs('127.0.0.1', 'shared')).toBe(0)
  })
})
