import { beforeEach, expect, it } from 'vitest'
import { FakeClock } from './testing/index.ts'
import { createWatched, type Watched } from './watched.ts'

type State = { kind: 'going'; step: number } | { kind: 'done' }
let clock: FakeClock
let watched: Watched<State>
let tell: (now: State) => void
let heard: string[]
const wait = (name: string, waitMs: number, seen?: number): void => void watched.changed(waitMs, seen).then(() => heard.push(name))

beforeEach(() => {
  clock = new FakeClock()
  ;({ watched, tell } = createWatched<State>(clock, { kind: 'going', step: 0 }))
  heard = []
})

it('everybody who waits hears of the next change, once', async () => {
  wait('one', 1_000)
  wait('two', 1_000)
  await clock.advance(999)
  expect(heard).toEqual([])
  tell({ kind: 'going', step: 1 })
  await clock.advance(0)
  expect(heard).toEqual(['one', 'two'])
  expect([watched.state(), watched.changes()]).toEqual([{ kind: 'going', step: 1 }, 1])
  await clock.advance(5_000)
  expect(heard).toEqual(['one', 'two'])
})

it('who waits long enough hears of nothing', async () => {
  wait('one', 1_000)
  await clock.advance(1_000)
  expect(heard).toEqual(['one'])
  expect(watched.changes()).toBe(0)
})

it('what changed since it was seen, or is over, is waited for by nobody', async () => {
  tell({ kind: 'going', step: 1 })
  wait('late', 1_000, 0)
  wait('up to date', 1_000, 1)
  await clock.advance(0)
  expect(heard).toEqual(['late'])
  tell({ kind: 'done' })
  await clock.advance(0)
  expect(heard).toEqual(['late', 'up to date'])
  wait('over', 1_000)
  await clock.advance(0)
  expect(heard).toEqual(['late', 'up to date', 'over'])
})
