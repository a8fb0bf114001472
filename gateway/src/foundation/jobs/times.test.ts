import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkSchedule, countDue, intervalMinMs, momentWords, nextAfter, readLength, readTimes, scheduleWords } from './times.ts'

const now = Date.UTC(2026, 2, 28, 12)
const berlin = 'Europe/Berlin'
const at = (text: string, zone = berlin): Promise<unknown> => readTimes({ at: text }, { now, zone })
const moment = async (text: string, zone = berlin): Promise<string> => {
  const schedule = await readTimes({ at: text }, { now, zone })
  return schedule.kind === 'at' ? new Date(schedule.atMs).toISOString() : ''
}
/** The next moments of a pattern in Berlin. */
async function following(expr: string, from: number, count: number): Promise<string[]> {
  const found: string[] = []
  for (let next: number | null = from; found.length < count;) {
    next = await nextAfter({ kind: 'cron', expr, tz: berlin }, next)
    if (next === null) break
    found.push(new Date(next).toISOString())
  }
  return found
}

describe('a moment as people write it', () => {
  it('is a time from now, a time with its offset, or a time in their zone', async () => {
    expect(await moment('20m')).toBe('2026-03-28T12:20:00.000Z')
    expect(await moment('in 1 hour 30 min')).toBe('2026-03-28T13:30:00.000Z')
    expect(await moment('2026-06-01T08:00')).toBe('2026-06-01T06:00:00.000Z')
    expect(await moment('2026-06-01 08:00', 'America/New_York')).toBe('2026-06-01T12:00:00.000Z')
    expect(await moment('2026-06-01T08:00:00.500Z')).toBe('2026-06-01T08:00:00.500Z')
    expect(await moment('2026-06-01T08:00+05:30')).toBe('2026-06-01T02:30:00.000Z')
    expect(await moment('2028-02-29')).toBe('2028-02-28T23:00:00.000Z')
  })
  it('in the gap of summer time is right after it, and where it comes twice the first counts', async () => {
    expect(await moment('2026-03-29T02:30')).toBe('2026-03-29T01:30:00.000Z')
    expect(await moment('2026-10-25T02:30')).toBe('2026-10-25T00:30:00.000Z')
  })
  it.each(['yesterday', '2027-02-29', '2026-13-01', '2026-06-01T25:00', '2020-01-01', '1970-01-01T00:00Z', '9999-12-31', '-5m', '', '5 fortnights', '99999999999999999999m'])('is refused where it is none: %j', async (text) => {
    await expect(at(text)).rejects.toMatchObject({ code: 'job-times' })
  })
  it('names one way only, and a zone that there is', async () => {
    await expect(readTimes({ at: '5m', every: '5m' }, { now, zone: berlin })).rejects.toMatchObject({ code: 'job-times' })
    await expect(readTimes({}, { now, zone: berlin })).rejects.toMatchObject({ code: 'job-times' })
    await expect(readTimes({ cron: '0 8 * * *', tz: 'Mars/Base' }, { now, zone: berlin })).rejects.toMatchObject({ code: 'job-zone' })
  })
})

describe('a pattern', () => {
  it.each(['* * * * * *', '*/5 * * * * *', '0,1 * * * * *', '0 0 30 2 *', 'hello', '0 8 * *', '99 8 * * *', '0 0 8 * * * 2027', '2026-12-01T00:00:00', '@daily', `0 8 * * ${'1,'.repeat(60)}1`])('is refused where nothing, or too much, would come of it: %s', async (cron) => {
    await expect(readTimes({ cron }, { now, zone: berlin })).rejects.toMatchObject({ code: 'job-times' })
  })
  it('goes over summer time: never lost, never twice', async () => {
    expect(await following('30 2 * * *', Date.UTC(2026, 2, 28, 12), 2)).toEqual(['2026-03-29T01:00:00.000Z', '2026-03-30T00:30:00.000Z'])
    expect(await following('30 2 * * *', Date.UTC(2026, 9, 24, 12), 2)).toEqual(['2026-10-25T00:30:00.000Z', '2026-10-26T01:30:00.000Z'])
  })
  it('knows leap days, and that either of two kinds of days counts', async () => {
    expect(await following('0 12 29 2 *', now, 2)).toEqual(['2028-02-29T11:00:00.000Z', '2032-02-29T11:00:00.000Z'])
    expect((await following('0 12 13 * 5', Date.UTC(2026, 3, 9), 3)).map((day) => day.slice(0, 10))).toEqual(['2026-04-10', '2026-04-13', '2026-04-17'])
  })
})

it('of any two moments of an interval the later comes exactly one interval after the earlier, and as many are counted as come', async () => {
  await fc.assert(fc.asyncProperty(fc.integer({ min: intervalMinMs, max: 40 * 86_400_000 }), fc.integer({ min: -1e12, max: 1e12 }), fc.integer({ min: 0, max: 1e10 }), async (everyMs, shift, ahead) => {
    const schedule = { kind: 'every' as const, everyMs, anchorMs: now + shift }
    const next = await nextAfter(schedule, now)
    const second = await nextAfter(schedule, next ?? Number.NaN)
    expect(next).toBeGreaterThan(now)
    expect((second ?? 0) - (next ?? 0)).toBe(everyMs)
    if (shift <= 0) expect(next).toBeLessThanOrEqual(now + everyMs)
    let count = 0
    for (let each = next; each !== null && each <= now + ahead && count < 50; each = await nextAfter(schedule, each)) count += 1
    if (shift <= 0) expect(await countDue(schedule, now, now + ahead, 50)).toBe(count)
  }), { numRuns: 200 })
})

it('lengths and schedules are told as people say them', async () => {
  expect([readLength('90s'), readLength('1h30m'), readLength('2 weeks'), readLength('soon'), readLength('5')]).toEqual([90_000, 5_400_000, 1_209_600_000, undefined, undefined])
  expect(momentWords(Date.UTC(2026, 10, 24, 7), berlin)).toBe('Tue 2026-11-24 08:00 (Europe/Berlin)')
  expect(scheduleWords({ kind: 'every', everyMs: 86_400_000, anchorMs: 0 }, berlin)).toBe('every day')
  expect(scheduleWords({ kind: 'every', everyMs: 5_400_000, anchorMs: 0 }, berlin)).toBe('every 90 min')
  await expect(checkSchedule({ kind: 'every', everyMs: 59_999, anchorMs: 0 }, now)).rejects.toMatchObject({ code: 'job-times' })
  await expect(checkSchedule({ kind: 'every', everyMs: Number.NaN, anchorMs: 0 }, now)).rejects.toMatchObject({ code: 'job-times' })
})
