import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineCheck, type HouseRun, type Severity } from '@moltbot/contract'
import { FakeClock } from '@moltbot/contract/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { fakeBroadcast, fakeCaller } from './testing/call-method.ts'
import { fakeRooms, type FakeRooms } from './testing/fake-rooms.ts'
import { createWireEvents } from './events.ts'
import { createReviewKeeper, type ReviewKeeper } from './review.ts'
import { healthSummary } from './wire/health.ts'

const dayMs = 86_400_000
let rooms: FakeRooms
let clock: FakeClock
let found: { subject: string; severity: Severity; evidence?: string }[]
let told: string[]
let ran: HouseRun[]
let reachable: boolean
let keeper: ReviewKeeper
const check = defineCheck({
  id: 'test.state', severity: 'critical', title: 'All is well',
  find: () => found.map(({ subject, severity, evidence = 'It is open.' }) => ({ check: 'test.state', subject, severity, evidence, remedy: 'Close it.' })),
})
const makeKeeper = (): ReviewKeeper => createReviewKeeper({ rooms, async tellOwner(words) { if (reachable) told.push(words); return reachable }, ran: async (run) => void ran.push(run) })
const noted = (): string[] => rooms.state.audit.filter(({ act }) => act.startsWith('check.')).map(({ act, facts }) => `${act} ${String(facts?.['subject'])}`)
/** The next day's look, to its end. */
async function nextDay(): Promise<void> {
  const before = (await keeper.last())?.takenAt
  await clock.advance(dayMs)
  await expect.poll(async () => (await keeper.last())?.takenAt).not.toBe(before)
}

beforeEach(async () => {
  clock = new FakeClock()
  rooms = await fakeRooms({ clock })
  rooms.stateDir = mkdtempSync(join(tmpdir(), 'moltbot-review-'))
  found = []
  told = []
  ran = []
  reachable = true
  rooms.review = { checks: [check], machine: { node: '24.0.0', platform: 'linux', user: 1000, home: rooms.stateDir }, vaultKeyFile: join(rooms.stateDir, 'none'), vault: () => ({ state: 'none' }), port: () => undefined }
  keeper = rooms.reviews = makeKeeper()
})
afterEach(async () => {
  await keeper.close()
  rmSync(rooms.stateDir, { recursive: true, force: true })
})

it('looks after the start and every day, and tells what is critical once, until it was gone', async () => {
  found = [{ subject: '/a', severity: 'critical' }, { subject: '/b', severity: 'warn' }]
  await keeper.start()
  expect(keeper.summary()).toBeUndefined()
  await clock.advance(20_000)
  await expect.poll(() => keeper.summary()).toEqual({ takenAt: clock.now(), critical: 1, warn: 1, info: 0 })
  await expect.poll(() => told).toEqual([expect.stringContaining('/a: It is open. Close it.')])
  expect(noted()).toEqual(['check.found /a'])

  found = [{ subject: '/a', severity: 'critical', evidence: 'It is open for 2 days.' }]
  await nextDay()
  expect([told.length, noted().length, keeper.summary()?.warn]).toEqual([1, 1, 0])

  found = [{ subject: '/a', severity: 'critical' }, { subject: '/b', severity: 'critical' }]
  await nextDay()
  await expect.poll(() => told.length).toBe(2)
  expect(told[1]).not.toContain('/a')

  found = []
  await nextDay()
  found = [{ subject: '/a', severity: 'critical' }]
  await nextDay()
  await expect.poll(() => told.length).toBe(3)
  expect(noted()).toEqual(['check.found /a', 'check.found /b', 'check.cleared /a', 'check.cleared /b', 'check.found /a'])
})

it('what could not be told is tried again at the next look, also by the next process; what was told is not', async () => {
  found = [{ subject: '/a', severity: 'critical' }]
  reachable = false
  await keeper.start()
  await clock.advance(20_000)
  await expect.poll(() => noted()).toEqual(['check.found /a'])
  await keeper.close()
  reachable = true
  for (const expected of [1, 1]) {
    keeper = rooms.reviews = makeKeeper()
    await keeper.start()
    expect(keeper.summary()).toMatchObject({ critical: 1 })
    await clock.advance(20_000)
    await expect.poll(async () => JSON.parse((await rooms.store.read.get<{ told: string }>('SELECT told FROM last_review'))?.told ?? '[]')).toEqual(['test.state /a'])
    await keeper.close()
    expect([told.length, noted().length]).toEqual([expected, 1])
  }
})

it('pages hear of a change, health counts it', async () => {
  const page = fakeCaller()
  const outsider = fakeCaller({ scopes: [] })
  const stop = createWireEvents(rooms).start(fakeBroadcast([page, outsider]))
  expect((await healthSummary(rooms)).security).toBeNull()
  found = [{ subject: '/a', severity: 'critical' }]
  await keeper.start()
  await clock.advance(20_000)
  await expect.poll(() => page.heard.filter(({ event }) => event === 'security.changed')).toEqual([{ event: 'security.changed', payload: { takenAt: expect.any(Number) as number, critical: 1, warn: 0, info: 0 } }])
  await nextDay()
  expect(page.heard.filter(({ event }) => event === 'security.changed')).toHaveLength(1)
  expect(outsider.heard).toEqual([])
  expect((await healthSummary(rooms)).security).toMatchObject({ critical: 1 })
  rooms.record = { health: () => ({ ok: false, reason: 'The disk is full.' }) } as never
  expect((await healthSummary(rooms)).record).toEqual({ ok: false, reason: 'The disk is full.' })
  stop()
})

it('takes down what each look came to, says when the next is, and looks at once for who asks', async () => {
  found = [{ subject: '/a', severity: 'warn' }]
  await keeper.start()
  expect(await keeper.job.plan()).toEqual({ enabled: true, everyMs: dayMs, nextAt: clock.now() + 20_000 })
  await clock.advance(20_000)
  await expect.poll(() => ran).toEqual([{ startedAt: clock.now(), ok: true, words: '0 critical, 1 to mend, 0 to know.' }])
  expect((await keeper.job.plan()).nextAt).toBe(clock.now() + dayMs)
  found = []
  expect(await keeper.job.run?.()).toBe('0 critical, 0 to mend, 0 to know.')
  expect([ran.length, keeper.summary()?.warn]).toEqual([1, 0])
  delete rooms.review
  await clock.advance(dayMs)
  await expect.poll(() => ran.at(-1)).toMatchObject({ ok: false, words: expect.stringContaining('without the review') as string })
})
