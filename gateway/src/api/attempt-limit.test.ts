import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '@moltbot/contract'
import { FakeClock, memoryLogger } from '@moltbot/contract/testing'
import { openStore } from '../foundation/storage/index.ts'
import { createAttemptLimit, type AttemptLimit } from './attempt-limit.ts'
import { doorIdentityMigration, doorMigration } from './migrations.ts'

const limits = { maxAttempts: 10, windowMs: 60_000, lockoutMs: 300_000 }
let store: Store
let clock: FakeClock
let limit: AttemptLimit
const make = (): AttemptLimit => createAttemptLimit({ clock, store, log: memoryLogger(), limits: () => limits })
beforeEach(async () => {
  clock = new FakeClock()
  store = await openStore({ file: ':memory:', migrations: [doorMigration, doorIdentityMigration] })
  limit = make()
})
afterEach(() => store.close())

describe('the limit on guessing', () => {
  it('locks one source and one class after ten within a minute, for five minutes', async () => {
    for (let guess = 0; guess < 9; guess++) await limit.failed('10.0.0.1', 'shared')
    expect(limit.lockedForMs('10.0.0.1', 'shared')).toBe(0)
    await limit.failed('10.0.0.1', 'shared')
    expect(limit.lockedForMs('10.0.0.1', 'shared')).toBe(300_000)
    expect([limit.lockedForMs('10.0.0.2', 'shared'), limit.lockedForMs('10.0.0.1', 'device')]).toEqual([0, 0])
    await clock.advance(300_000)
    expect(limit.lockedForMs('10.0.0.1', 'shared')).toBe(0)
  })

  it('forgets slow mistakes and forgives after the right one', async () => {
    for (let guess = 0; guess < 30; guess++) {
      await limit.failed('10.0.0.1', 'shared')
      await clock.advance(7_000)
    }
    expect(limit.lockedForMs('10.0.0.1', 'shared')).toBe(0)
    for (let guess = 0; guess < 9; guess++) await limit.failed('10.0.0.2', 'shared')
    limit.succeeded('10.0.0.2', 'shared')
    await limit.failed('10.0.0.2', 'shared')
    expect(limit.lockedForMs('10.0.0.2', 'shared')).toBe(0)
  })

  it('takes an IPv6 network for one guesser, and many guessers for a storm, also after a restart', async () => {
    for (let guess = 0; guess < 10; guess++) await limit.failed(`2001:db8:1:2::${guess}`, 'shared')
    expect(limit.lockedForMs('2001:db8:1:2:ffff::9', 'shared')).toBeGreaterThan(0)
    expect(limit.lockedForMs('2001:db8:1:3::9', 'shared')).toBe(0)
    await Promise.all(Array.from({ length: 500 }, (_, guess) => limit.failed(`10.${guess % 200}.${Math.floor(guess / 200)}.7`, 'shared')))
    expect(limit.lockedForMs('99.0.0.1', 'shared')).toBeGreaterThan(0)
    expect(limit.lockedForMs('127.0.0.1', 'shared')).toBe(0)
    limit = make()
    await limit.load()
    expect(limit.lockedForMs('99.0.0.1', 'shared')).toBeGreaterThan(0)
  })

  it('remembers over a restart, and forgets on disk what is over', async () => {
    for (let guess = 0; guess < 10; guess++) await limit.failed('10.0.0.1', 'shared')
    for (let guess = 0; guess < 9; guess++) await limit.failed('10.0.0.2', 'shared')
    limit = make()
    await limit.load()
    expect(limit.lockedForMs('10.0.0.1', 'shared')).toBe(300_000)
    await limit.failed('10.0.0.2', 'shared')
    expect(limit.lockedForMs('10.0.0.2', 'shared')).toBe(300_000)
    await clock.advance(300_001)
    await make().load()
    expect(await store.read.all('SELECT * FROM door_attempts')).toEqual([])
  })

  it('wears no disk for those who are locked out', async () => {
    for (let guess = 0; guess < 10; guess++) await limit.failed('10.0.0.1', 'shared')
    const before = await store.read.all('SELECT * FROM door_attempts')
    await clock.advance(1_000)
    for (let guess = 0; guess < 100; guess++) await limit.failed('10.0.0.1', 'shared')
    expect(await store.read.all('SELECT * FROM door_attempts')).toEqual(before)
    expect(limit.lockedForMs('10.0.0.1', 'shared')).toBe(299_000)
  })

  it('takes the guesses of one source one after the other, and lets others pass', async () => {
    const order: string[] = []
    let release = (): void => undefined
    const slow = limit.inTurn('10.0.0.1', async () => { await new Promise<void>((resolve) => { release = resolve }); order.push('slow') })
    const next = limit.inTurn('10.0.0.1', async () => void order.push('next'))
    await limit.inTurn('10.0.0.2', async () => void order.push('other'))
    release()
    await Promise.all([slow, next])
    expect(order).toEqual(['other', 'slow', 'next'])
    await expect(limit.inTurn('10.0.0.1', async () => { throw new Error('x') })).rejects.toThrow('x')
    expect(await limit.inTurn('10.0.0.1', async () => 'goes on')).toBe('goes on')
  })
})
