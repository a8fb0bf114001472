import { expect, it } from 'vitest'
import type { ChannelHealth } from '../channel.ts'
import type { Logger } from '../clock.ts'
import type { IncomingMessage } from '../message.ts'
import { Problem } from '../problem.ts'
import { FakeClock } from '../testing/fake-clock.ts'
import { connectCode, failureCode } from './connect-failure.ts'
import { attachFiles, createFileTurns } from './file-turns.ts'
import { createHealthKeeper, type HealthKeeper } from './health-keeper.ts'
import { createInsistence } from './insistence.ts'
import { linePause } from './line-pause.ts'

function surroundings(): { clock: FakeClock; log: Logger; lines: string[] } {
  const lines: string[] = []
  const line = (text: string): void => void lines.push(text)
  const log: Logger = { debug: line, info: line, warn: line, error: line, child: () => log }
  return { clock: new FakeClock(0), log, lines }
}

function health(): { keeper: HealthKeeper; clock: FakeClock; told: () => string[] } {
  const clock = new FakeClock(0)
  const reports: ChannelHealth[] = []
  const keeper = createHealthKeeper({ clock, health: (report) => reports.push(report) }, { detail: '@bot' })
  return { keeper, clock, told: () => reports.splice(0).map((report) => (report.kind === 'retrying' ? `retrying since ${report.since}` : report.kind)) }
}

it('health: connected never survives a loss, and throttled lasts as long as was said', async () => {
  const { keeper, clock, told } = health()
  keeper.alive()
  keeper.throttled(100)
  keeper.alive()
  expect(told()).toEqual(['connected', 'throttled'])
  await clock.advance(100)
  expect(told()).toEqual(['connected'])
  keeper.throttled(100)
  keeper.retrying('lost', 1, 0)
  await clock.advance(500)
  keeper.retrying('lost', 2, 0)
  expect(told()).toEqual(['throttled', 'retrying since 100', 'retrying since 100'])
  keeper.closed()
  keeper.alive()
  expect(told()).toEqual(['closed'])
})

it.each([
  ['reopened', ['needs-you']],
  ['works', ['needs-you', 'connected', 'connected']],
  ['alive', ['needs-you', 'retrying since 0', 'connected', 'connected']],
] as const)('health: a person is needed until %s', (until, expected) => {
  const { keeper, told } = health()
  keeper.needsYou('no', 'do', until)
  keeper.retrying('lost', 1, 0)
  keeper.alive()
  keeper.works()
  keeper.alive()
  expect(told()).toEqual(expected)
})

it('insists until it works, waits as long as the failure says, and lets everybody go at the end', async () => {
  const { clock, log, lines } = surroundings()
  const { insist, end } = createInsistence({ clock, log }, 'net', () => new Problem('net-closing', 'It closes.'), (error) => (error === 'later' ? 5_000 : undefined))
  const at: number[] = []
  const failures = ['once', 'later', 'twice']
  const done = insist('a thing could not be done', async () => {
    at.push(clock.now())
    const failure = failures.shift()
    if (failure !== undefined) throw failure
    return 'done'
  })
  for (const ms of [0, 250, 5_000, 1_000]) await clock.advance(ms)
  expect([await done, at, lines[0]]).toEqual(['done', [0, 250, 5_250, 6_250], 'net: a thing could not be done; it is tried again'])
  const never = insist('it', () => Promise.reject(new Error('no')))
  const heard = expect(never).rejects.toMatchObject({ code: 'net-closing' })
  await clock.advance(0)
  end()
  await heard
  await expect(insist('it', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
})

it('fetches two files at a time, and none for long', async () => {
  const { clock, log } = surroundings()
  const inTurn = createFileTurns({ clock, log }, 'net', 1_000)
  const begun: number[] = []
  const read = (index: number) => (signal: AbortSignal): Promise<string> => {
    begun.push(index)
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('too long'))))
  }
  const all = [0, 1, 2].map((index) => inTurn(read(index)))
  await clock.advance(0)
  expect(begun).toEqual([0, 1])
  await clock.advance(2_000)
  expect([await Promise.all(all), begun]).toEqual([[undefined, undefined, undefined], [0, 1, 2]])
})

it('attaches what fits into a message', async () => {
  const message = { attachments: [{ kind: 'file' }, { kind: 'file' }, { kind: 'file' }] } as unknown as IncomingMessage
  const mb = 1024 * 1024
  await attachFiles(message, [{ attachment: 0, sizeBytes: 15 * mb }, { attachment: 1, sizeBytes: 10 * mb }, { attachment: 2, sizeBytes: 1 }], async ({ sizeBytes }) => 'A'.repeat(Math.ceil(sizeBytes / 3) * 4))
  expect(message.attachments.map(({ data }) => data?.length)).toEqual([20 * mb, undefined, 4])
})

it('tells a failure of connecting from one after it', () => {
  const refused = Object.assign(new Error('no'), { code: 'ECONNREFUSED' })
  const reset = Object.assign(new Error('cut'), { code: 'ECONNRESET' })
  expect([refused, new Error('fetch failed', { cause: refused }), new AggregateError([refused, refused]), reset, new AggregateError([refused, reset]), 'text'].map((error) => connectCode(error)))
    .toEqual(['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED', undefined, undefined, undefined])
  expect(failureCode(new Error('fetch failed', { cause: reset }))).toBe('ECONNRESET')
})

it('pauses twice as long each time, up to the most, and a little apart', () => {
  expect([1, 2, 3, 30].map((attempt) => linePause(attempt, 0, { firstMs: 1_000, maxMs: 30_000 }))).toEqual([1_000, 2_000, 4_000, 30_000])
  expect(linePause(1, 96, { firstMs: 1_000, maxMs: 30_000 })).toBe(1_198)
})
