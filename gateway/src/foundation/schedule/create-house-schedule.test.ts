import type { PrincipalId, Store } from '@moltbot/contract'
import { FakeClock, memoryLogger } from '@moltbot/contract/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openStore } from '../storage/index.ts'
import { createHouseSchedule, scheduleMigration, type HouseChange, type HouseSchedule } from './index.ts'

const olga = 'olga' as PrincipalId
let store: Store
let clock: FakeClock
let schedule: HouseSchedule
let plan: { enabled: boolean; everyMs: number; nextAt: number | null }
let work: () => Promise<string>
beforeEach(async () => {
  store = await openStore({ file: ':memory:', migrations: [scheduleMigration] })
  clock = new FakeClock()
  plan = { enabled: true, everyMs: 1_000, nextAt: clock.now() + 500 }
  work = async () => 'Swept.'
  schedule = createHouseSchedule({ store, clock, log: memoryLogger() })
  schedule.add({ name: 'locks', title: 'Locks', description: 'Looks at every lock.', plan: async () => ({ enabled: false, everyMs: 5, nextAt: null }) })
  schedule.add({ name: 'sweep', title: 'Sweeping', description: 'Sweeps the yard.', setting: 'yard.every', plan: async () => plan, run: () => work() })
})
afterEach(() => store.close())

it('tells what there is, the next first and what is off last, with the last result', async () => {
  await schedule.ran('sweep', { startedAt: clock.now(), ok: true, words: 'Swept by itself.' })
  expect(await schedule.list()).toMatchObject([
    { name: 'sweep', setting: 'yard.every', enabled: true, nextAt: plan.nextAt, byHand: true, runningAt: null, last: { by: 'owner', asked: false, ok: true, words: 'Swept by itself.' } },
    { name: 'locks', setting: null, enabled: false, nextAt: null, byHand: false, last: null },
  ])
})

it('has one done for a person once at a time, and keeps what came of it in their name, over a restart', async () => {
  const heard: HouseChange[] = []
  schedule.onChange((change) => heard.push(change))
  let finish = (_: string): void => undefined
  work = () => new Promise((resolve) => { finish = resolve })
  const first = schedule.run('sweep', olga)
  expect((await schedule.list())[0]?.runningAt).toBe(clock.now())
  expect(await schedule.run('sweep', olga)).toBeUndefined()
  await clock.advance(70)
  finish('Swept twice.')
  expect(await first).toMatchObject({ by: olga, asked: true, ok: true, words: 'Swept twice.', startedAt: clock.now() - 70, endedAt: clock.now() })
  work = () => Promise.reject(new Error('The broom is gone.'))
  expect(await schedule.run('sweep', olga)).toMatchObject({ ok: false, words: 'The broom is gone.' })
  expect(heard.map(({ kind }) => kind)).toEqual(['started', 'finished', 'started', 'finished'])
  const next = createHouseSchedule({ store, clock, log: memoryLogger() })
  expect((await next.runs({ job: 'sweep', limit: 10 })).map(({ words }) => words)).toEqual(['Swept twice.', 'The broom is gone.'])
})

it('does by hand only what may be, and knows no others', async () => {
  await expect(schedule.run('locks', olga)).rejects.toMatchObject({ code: 'job-by-itself' })
  await expect(schedule.run('constructor', olga)).rejects.toMatchObject({ code: 'job-unknown' })
  expect(await schedule.runs({ limit: 10 })).toEqual([])
})

it('keeps 200 runs of each job, and no work is disturbed by what cannot be written', async () => {
  await schedule.ran('locks', { startedAt: 0, ok: true, words: 'first of another' })
  for (let at = 0; at < 205; at += 1) await schedule.ran('sweep', { startedAt: at, ok: true, words: `${at}` })
  const runs = await schedule.runs({ job: 'sweep', limit: 1_000 })
  expect([runs.length, runs[0]?.words, runs.at(-1)?.words]).toEqual([200, '5', '204'])
  expect((await schedule.runs({ limit: 1_000 })).length).toBe(201)
  await store.close()
  await schedule.ran('sweep', { startedAt: 0, ok: true, words: 'too late' })
  store = await openStore({ file: ':memory:', migrations: [] })
})
