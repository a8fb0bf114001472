import { expect, it } from 'vitest'
import { patternWords, typedTimes } from './job-times.ts'

const english = { language: 'en', locale: 'en-GB', zone: 'Europe/Berlin' } as const
const german = { language: 'de', locale: 'de-DE', zone: 'Europe/Berlin' } as const

it('says simple patterns in words, in both languages', () => {
  const words = (expr: string): unknown[] => [patternWords(expr, 'Europe/Berlin', english), patternWords(expr, 'Europe/Berlin', german)]
  expect(words('0 8 * * 1-5')).toEqual(['Mon–Fri 08:00', 'Mo–Fr 08:00'])
  expect(words('30 18,7 * * *')).toEqual(['daily 07:30, 18:30', 'täglich 07:30, 18:30'])
  expect(words('0 9 * * sun,6')).toEqual(['Sat, Sun 09:00', 'Sa, So 09:00'])
  expect(words('0 9 * * 5-7')).toEqual(['Fri–Sun 09:00', 'Fr–So 09:00'])
  expect(words('*/15 * * * *')).toEqual(['every 15 minutes', 'alle 15 Minuten'])
  expect(words('* * * * *')).toEqual(['every minute', 'jede Minute'])
  expect(words('0 */6 * * *')).toEqual(['every 6 hours', 'alle 6 Stunden'])
  expect(words('0 * * * *')).toEqual(['every hour', 'jede Stunde'])
  expect(words('15 6 1 * *')).toEqual(['monthly on day 1, 06:15', 'monatlich am 1., 06:15'])
  expect(words('0 0 8 * * *')).toEqual(['daily 08:00', 'täglich 08:00'])
})

it('names a zone that is not the reader’s own', () => {
  expect(patternWords('0 8 * * *', 'America/New_York', english)).toBe('daily 08:00 (America/New_York)')
  expect(patternWords('*/5 * * * *', 'America/New_York', english)).toBe('every 5 minutes')
})

it('leaves to the pattern what has no short words', () => {
  for (const expr of ['*/7 * * * *', '0 */5 * * *', '5 */2 * * *', '0 8 * 1 *', '0 8 1 * 1', '0 8-18 * * *', '0 8 * * 1#2', '0 8 L * *', '99 8 * * *', '0 8 * * 5-1', '30 0 8 * * *', 'soon', '']) {
    expect([expr, patternWords(expr, 'UTC', english)]).toEqual([expr, undefined])
  }
})

it('fills the form with what a person would type', () => {
  expect(typedTimes({ kind: 'every', everyMs: 5_400_000 })).toBe('90m')
  expect(typedTimes({ kind: 'every', everyMs: 7_200_000 })).toBe('2h')
  expect(typedTimes({ kind: 'cron', expr: '0 8 * * 1-5', tz: 'UTC' })).toBe('0 8 * * 1-5')
  expect(new Date(typedTimes({ kind: 'at', atMs: Date.UTC(2026, 10, 23, 9, 30) })).getTime()).toBe(Date.UTC(2026, 10, 23, 9, 30))
})
