import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ChatRef } from '@moltbot/contract'
import type { SessionConfig } from './config.ts'
import { isStale, resetRuleFor } from './reset.ts'

const rule = (mode: 'none' | 'daily' | 'idle', more: { atHour?: number; idleMinutes?: number } = {}) => ({ mode, atHour: 4, ...more })
const zone = process.env['TZ']
beforeEach(() => { process.env['TZ'] = 'Europe/Berlin' })
afterEach(() => {
  if (zone === undefined) delete process.env['TZ']
  else process.env['TZ'] = zone
})
const at = (text: string): number => new Date(text).getTime()

describe('the daily reset', () => {
  it.each([
    ['2026-06-01T03:59', '2026-05-31T12:00', false],
    ['2026-06-01T04:00', '2026-05-31T12:00', true],
    ['2026-06-01T04:00', '2026-06-01T04:00', false],
    ['2026-06-02T03:59', '2026-06-01T04:01', false],
  ])('at %s a session from %s is stale: %s', (now, startedAt, stale) => {
    expect(isStale(rule('daily'), { startedAt: at(startedAt), lastUserAt: null }, at(now))).toBe(stale)
  })

  it('keeps its hour over the days on which the clocks change', () => {
    // 2026-03-29 02:00 does not exist in Berlin; the day before, it does.
    const daily = rule('daily', { atHour: 2 })
    expect(isStale(daily, { startedAt: at('2026-03-28T02:30'), lastUserAt: null }, at('2026-03-29T01:30'))).toBe(false)
    expect(isStale(daily, { startedAt: at('2026-03-29T01:30'), lastUserAt: null }, at('2026-03-29T03:30'))).toBe(true)
    expect(isStale(daily, { startedAt: at('2026-10-25T03:30'), lastUserAt: null }, at('2026-10-26T01:59'))).toBe(false)
    expect(isStale(daily, { startedAt: at('2026-10-25T03:30'), lastUserAt: null }, at('2026-10-26T02:00'))).toBe(true)
  })

  it('does not start afresh because the clock was set back', () => {
    expect(isStale(rule('daily'), { startedAt: at('2026-06-02T12:00'), lastUserAt: at('2026-06-02T12:00') }, at('2026-06-01T12:00'))).toBe(false)
    expect(isStale(rule('idle', { idleMinutes: 1 }), { startedAt: 0, lastUserAt: at('2026-06-02T12:00') }, at('2026-06-01T12:00'))).toBe(false)
  })
})

it('counts the pause from the last word of a person, and never for a session nobody spoke in', () => {
  const idle = rule('idle', { idleMinutes: 10 })
  expect(isStale(idle, { startedAt: 0, lastUserAt: 0 }, 600_000)).toBe(false)
  expect(isStale(idle, { startedAt: 0, lastUserAt: 0 }, 600_001)).toBe(true)
  expect(isStale(idle, { startedAt: 0, lastUserAt: null }, 9e12)).toBe(false)
  expect(isStale(rule('idle'), { startedAt: 0, lastUserAt: 0 }, 60 * 60_000 + 1)).toBe(true)
  expect(isStale(rule('daily', { idleMinutes: 10 }), { startedAt: at('2026-06-01T05:00'), lastUserAt: at('2026-06-01T05:00') }, at('2026-06-01T05:11'))).toBe(true)
  expect(isStale(rule('none', { idleMinutes: 1 }), { startedAt: 0, lastUserAt: 0 }, 9e12)).toBe(false)
})

it('a rule of the channel beats one of the kind, which beats the general one', () => {
  const [general, direct, dm, group, thread, channel] = [rule('none'), rule('daily', { atHour: 1 }), rule('daily', { atHour: 2 }), rule('daily', { atHour: 3 }), rule('daily', { atHour: 5 }), rule('idle')]
  const config = (more: Partial<SessionConfig>): SessionConfig => ({ reset: general, resetByType: {}, resetByChannel: {}, ...more }) as SessionConfig
  const chat = (kind: string, more = {}): ChatRef => ({ channel: 'telegram', account: 'default', chat: 'c', kind, ...more }) as ChatRef
  const byType = { direct, dm, group, thread }
  expect(resetRuleFor(config({}), chat('direct'))).toBe(general)
  expect(resetRuleFor(config({ resetByType: byType }), chat('direct'))).toBe(direct)
  expect(resetRuleFor(config({ resetByType: { dm } }), chat('direct'))).toBe(dm)
  expect(resetRuleFor(config({ resetByType: byType }), chat('channel'))).toBe(group)
  expect(resetRuleFor(config({ resetByType: byType }), chat('group', { thread: '1' }))).toBe(thread)
  expect(resetRuleFor(config({ resetByType: byType, resetByChannel: { telegram: channel } }), chat('direct'))).toBe(channel)
})
