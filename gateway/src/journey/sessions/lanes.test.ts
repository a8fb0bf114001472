import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import type { InboxId, IncomingMessage, Principal, SessionKey } from '@moltbot/contract'
import { FakeClock } from '@moltbot/contract/testing'
import { createLanes, mayJoin, type LaneLimits, type Waiting, type Work } from './lanes.ts'
import type { QueueMode } from './types.ts'

const key = (name: string): SessionKey => `agent:main:${name}` as SessionKey
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function waiting(name: string, mode: QueueMode, more: { who?: string; chat?: string; data?: string; continues?: true } = {}): Waiting {
  const who = more.who ?? 'anna'
  const message = {
    id: name, chat: { channel: 'fake', account: 'default', chat: more.chat ?? 'c1', kind: 'direct' }, sender: { id: who }, sentAt: 0, text: name, mentioned: 'yes',
    attachments: more.data === undefined ? [] : [{ kind: 'image', data: more.data }],
  } as unknown as IncomingMessage
  return { inbox: name as InboxId, key: key('main'), message, principal: { id: who, role: 'member' } as Principal, receivedAt: 0, mode, wishes: undefined, ...(more.continues === undefined ? {} : { continues: more.continues }) }
}

/** Lanes whose work ends when the test says so. */
function world(limits: Partial<LaneLimits> = {}, concurrent = 4) {
  let held = false
  const clock = new FakeClock()
  const refused: string[] = []
  const runs: { key: SessionKey; names: string[]; overflow: string[]; work: Omit<Work, 'abort' | 'done'>; aborts: string[]; finish(): void; over: boolean }[] = []
  const lanes = createLanes({
    clock, held: () => held, concurrent: () => concurrent, limits: () => ({ debounceMs: 500, cap: 3, drop: 'summarize', ...limits }),
    refuse: (_key, each) => { refused.push(each.inbox) },
    start(on, work) {
      let finish: () => void = () => undefined
      const done = new Promise<void>((resolve) => { finish = resolve })
      const run = {
        key: on, names: work.batch.map((each) => each.inbox as string), overflow: work.overflow.map((each) => each.inbox as string), work, aborts: [] as string[], over: false,
        finish() { run.over = true; finish() },
      }
      runs.push(run)
      return { abort: (reason) => { run.aborts.push(reason) }, done }
    },
  })
  return { clock, lanes, runs, refused, names: () => runs.map((run) => run.names), hold: (now: boolean) => { held = now } }
}

describe('a lane', () => {
  it('held lanes keep what comes, start nothing, and go on when they are kicked', async () => {
    const { lanes, names, hold, runs } = world()
    hold(true)
    lanes.push(key('a'), waiting('a1', 'followup'))
    lanes.push(key('b'), waiting('b1', 'followup'))
    expect(names()).toEqual([])
    expect(lanes.waitingInAll()).toBe(2)
    lanes.kick()
    expect(names()).toEqual([])
    hold(false)
    lanes.kick()
    expect(names()).toEqual([['a1'], ['b1']])
    hold(true)
    lanes.push(key('a'), waiting('a2', 'followup'))
    runs[0]?.finish()
    await settle()
    expect(names()).toHaveLength(2)
    expect(lanes.dropWaiting().map((each) => each.inbox)).toEqual(['a2'])
  })

  it('works on one thing at a time, in order', async () => {
    const { lanes, runs, names } = world()
    for (const name of ['a', 'b', 'c']) lanes.push(key('s'), waiting(name, 'followup'))
    expect(names()).toEqual([['a']])
    runs[0]?.finish()
    await settle()
    expect(names()).toEqual([['a'], ['b']])
    runs[1]?.finish()
    await settle()
    expect(names()).toEqual([['a'], ['b'], ['c']])
  })

  it('gives back what was steered at the instant the work ended, before what came later', async () => {
    const { lanes, runs, names } = world()
    lanes.push(key('s'), waiting('a', 'steer'))
    lanes.push(key('s'), waiting('b', 'steer'))
    lanes.push(key('s'), waiting('later', 'followup'))
    expect(runs[0]?.work.steering.map((each) => each.inbox)).toEqual(['b'])
    runs[0]?.finish()
    await settle()
    runs[1]?.finish()
    await settle()
    expect(names()).toEqual([['a'], ['b'], ['later']])
  })

  it('never steers another person, or another place, into a running turn', () => {
    const { lanes, runs } = world()
    lanes.push(key('s'), waiting('a', 'steer'))
    lanes.push(key('s'), waiting('b', 'steer', { who: 'berta' }))
    lanes.push(key('s'), waiting('c', 'steer', { chat: 'c2' }))
    expect(runs[0]?.work.steering).toEqual([])
    expect(lanes.waitingCount(key('s'))).toBe(2)
  })

  it('aborts once per interrupting message and answers a storm of them together', async () => {
    const { lanes, runs, names } = world({ cap: 20 })
    lanes.push(key('s'), waiting('a', 'interrupt'))
    for (const name of ['b', 'c', 'd']) lanes.push(key('s'), waiting(name, 'interrupt'))
    expect(runs[0]?.aborts).toEqual(['interrupt', 'interrupt', 'interrupt'])
    runs[0]?.finish()
    await settle()
    expect(names()).toEqual([['a'], ['b', 'c', 'd']])
  })

  it('waits for a quiet moment before collected words are answered', async () => {
    const { clock, lanes, runs, names } = world({ cap: 20 })
    lanes.push(key('s'), waiting('a', 'collect'))
    lanes.push(key('s'), waiting('b', 'collect'))
    await clock.advance(300)
    runs[0]?.finish()
    await settle()
    lanes.push(key('s'), waiting('c', 'collect'))
    await clock.advance(499)
    expect(names()).toEqual([['a']])
    await clock.advance(1)
    expect(names()).toEqual([['a'], ['b', 'c']])
  })

  it('does not let a stream of words put the answer off for ever', async () => {
    const { clock, lanes, runs } = world({ cap: 1000 })
    lanes.push(key('s'), waiting('a', 'collect'))
    lanes.push(key('s'), waiting('b', 'collect'))
    runs[0]?.finish()
    await settle()
    for (let count = 0; count < 40 && runs.length === 1; count += 1) {
      await clock.advance(400)
      lanes.push(key('s'), waiting(`m${count}`, 'collect'))
    }
    expect(runs).toHaveLength(2)
    expect(runs[1]?.names.length).toBeLessThan(20)
  })

  it('TIM-01: does not wait longer when the clock is set back', async () => {
    let offset = 0
    const fake = new FakeClock()
    const clock = { now: () => fake.now() + offset, after: fake.after.bind(fake) }
    const started: string[][] = []
    let finish: () => void = () => undefined
    const lanes = createLanes({
      clock, held: () => false, concurrent: () => 1, limits: () => ({ debounceMs: 500, cap: 9, drop: 'old' }), refuse: () => undefined,
      start: (_on, work) => { started.push(work.batch.map((each) => each.inbox)); return { abort: () => undefined, done: new Promise((resolve) => { finish = resolve }) } },
    })
    lanes.push(key('s'), waiting('a', 'collect'))
    lanes.push(key('s'), waiting('b', 'collect'))
    offset = -3_600_000
    finish()
    await settle()
    await fake.advance(500)
    expect(started).toEqual([['a'], ['b']])
  })

  it.each(['followup', 'steer'] as const)('holds its cap also while it waits for a free place (%s)', async (mode) => {
    const { lanes, runs, refused } = world({ drop: 'old' }, 1)
    lanes.push(key('busy'), waiting('x', mode))
    for (let count = 0; count < 10; count += 1) lanes.push(key('s'), waiting(`m${count}`, mode))
    expect(lanes.waitingCount(key('s'))).toBe(3)
    expect(refused).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6'])
    runs[0]?.finish()
    await settle()
    expect(runs[1]?.names[0]).toBe('m7')
  })

  it('DOS-08: holds its cap for words that steer', () => {
    const { lanes, runs } = world({ drop: 'new' })
    for (let count = 0; count < 10; count += 1) lanes.push(key('s'), waiting(`m${count}`, 'steer'))
    expect(runs[0]?.work.steering).toHaveLength(3)
    expect(lanes.waitingCount(key('s'))).toBe(6)
  })

  it.each([['old', ['b', 'c']], ['new', ['e', 'f']], ['summarize', []]] as const)('drops %s beyond the cap', async (drop, gone) => {
    const { lanes, runs, refused } = world({ drop })
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) lanes.push(key('s'), waiting(name, 'followup'))
    expect(refused).toEqual(gone)
    runs[0]?.finish()
    await settle()
    expect(runs[1]?.overflow).toEqual(drop === 'summarize' ? ['b', 'c'] : [])
  })

  it('forgets nobody\'s words beyond the cap when the turns that follow are somebody else\'s', async () => {
    const { lanes, runs } = world({ cap: 2 })
    lanes.push(key('s'), waiting('a', 'followup'))
    for (const name of ['b1', 'b2']) lanes.push(key('s'), waiting(name, 'followup', { who: 'berta' }))
    for (const name of ['c1', 'c2']) lanes.push(key('s'), waiting(name, 'followup', { who: 'carl' }))
    for (let at = 0; at < runs.length && at < 20; at += 1) {
      runs[at]?.finish()
      await settle()
    }
    expect(runs.flatMap((run) => [...run.overflow, ...run.names]).sort()).toEqual(['a', 'b1', 'b2', 'c1', 'c2'])
  })

  it('DOS-08: keeps no pictures of a flood', async () => {
    const { lanes, runs } = world({ cap: 1 })
    lanes.push(key('s'), waiting('a', 'followup'))
    for (let count = 0; count < 6; count += 1) lanes.push(key('s'), waiting(`m${count}`, 'followup', { data: 'x'.repeat(1000) }))
    runs[0]?.finish()
    await settle()
    expect(runs[1]?.work.overflow.filter((each) => each.message.attachments[0]?.data !== undefined)).toHaveLength(1)
  })

  it('continues a turn from before a crash as it is, whatever else waits', async () => {
    const { lanes, runs, names } = world({ cap: 1, drop: 'old' }, 1)
    lanes.push(key('busy'), waiting('x', 'followup'))
    lanes.push(key('s'), waiting('begun', 'collect', { continues: true }))
    lanes.push(key('s'), waiting('new', 'collect'))
    runs[0]?.finish()
    await settle()
    expect(names()[1]).toEqual(['begun'])
  })

  it('steers what waited for a continued turn into it, ahead of what comes later, and nobody overtakes their own words', async () => {
    const { lanes, runs, names } = world({ cap: 9 }, 1)
    const steered = (): string[] => runs[1]?.work.steering.map((each) => each.inbox as string) ?? []
    lanes.push(key('busy'), waiting('x', 'followup'))
    lanes.push(key('s'), waiting('begun', 'steer', { continues: true }))
    for (const name of ['m1', 'm2']) lanes.push(key('s'), waiting(name, 'steer'))
    runs[0]?.finish()
    await settle()
    expect(names()[1]).toEqual(['begun'])
    expect(steered()).toEqual(['m1', 'm2'])
    lanes.push(key('s'), waiting('m3', 'steer'))
    expect(steered()).toEqual(['m1', 'm2', 'm3'])
    // From here on something of theirs waits for its own turn.
    lanes.push(key('s'), waiting('m4', 'followup'))
    lanes.push(key('s'), waiting('m5', 'steer'))
    expect(steered()).toEqual(['m1', 'm2', 'm3'])
    runs[1]?.finish()
    await settle()
    runs[2]?.finish()
    await settle()
    runs[3]?.finish()
    await settle()
    expect(names().slice(2)).toEqual([['m1', 'm2', 'm3'], ['m4'], ['m5']])
  })

  it('DOS-08: serves sessions in the order they became ready and starves none', async () => {
    const { lanes, runs } = world({}, 1)
    for (const round of [1, 2]) for (const name of ['s1', 's2', 's3']) lanes.push(key(name), waiting(`${name}-${round}`, 'followup'))
    for (let at = 0; at < 6; at += 1) {
      runs[at]?.finish()
      await settle()
    }
    expect(runs.map((run) => run.names[0])).toEqual(['s1-1', 's2-1', 's3-1', 's1-2', 's2-2', 's3-2'])
  })

  it('starts nothing of what was cleared while it waited for a place, and works on afterwards', async () => {
    const { lanes, runs, names } = world({}, 1)
    lanes.push(key('busy'), waiting('x', 'followup'))
    lanes.push(key('s'), waiting('gone', 'followup'))
    expect(lanes.clear(key('s'), 'stop').map((each) => each.inbox)).toEqual(['gone'])
    runs[0]?.finish()
    await settle()
    expect(names()).toEqual([['x']])
    lanes.push(key('s'), waiting('next', 'followup'))
    expect(names()).toEqual([['x'], ['next']])
  })

  it('lets one person\'s words go everywhere and nobody else\'s', () => {
    const { lanes, runs } = world({ cap: 9 })
    lanes.push(key('one'), waiting('a', 'followup'))
    lanes.push(key('one'), waiting('b', 'followup', { who: 'berta' }))
    lanes.push(key('two'), waiting('c', 'steer', { who: 'berta' }))
    lanes.push(key('two'), waiting('d', 'steer', { who: 'berta' }))
    const dropped = lanes.drop((each) => each.message.sender.id === 'berta')
    expect(dropped.map((each) => each.inbox)).toEqual(['b', 'd'])
    expect(runs.map((run) => run.aborts)).toEqual([[], ['stop']])
  })

  it('starts nothing more once it is closed', async () => {
    const { lanes, runs } = world()
    lanes.push(key('s'), waiting('a', 'followup'))
    lanes.push(key('s'), waiting('b', 'followup'))
    lanes.close()
    expect(runs[0]?.aborts).toEqual(['shutdown'])
    runs[0]?.finish()
    await settle()
    expect(runs).toHaveLength(1)
  })

  it('gives every message to exactly one turn, refusal or clearing, whatever happens in whatever order', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('push' as const), session: fc.nat(2), who: fc.constantFrom('anna', 'berta'), mode: fc.constantFrom('steer' as const, 'followup' as const, 'collect' as const, 'interrupt' as const) }),
      fc.record({ do: fc.constant('finish' as const), which: fc.nat(3), takes: fc.boolean() }),
      fc.record({ do: fc.constant('clear' as const), session: fc.nat(2) }),
      fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 700 }) }),
    )
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.constantFrom('summarize' as const, 'old' as const, 'new' as const), async (steps, drop) => {
      const { clock, lanes, runs, refused } = world({ drop, cap: 2 }, 2)
      const ends: string[] = []
      const end = async (run: (typeof runs)[number], takes: boolean): Promise<void> => {
        ends.push(...run.names, ...run.overflow)
        if (takes) ends.push(...run.work.steering.splice(0).map((each) => each.inbox as string))
        run.finish()
        await settle()
      }
      let count = 0
      for (const each of steps) {
        if (each.do === 'push') lanes.push(key(`s${each.session}`), waiting(`m${(count += 1)}`, each.mode, { who: each.who }))
        if (each.do === 'clear') ends.push(...lanes.clear(key(`s${each.session}`), 'stop').map((one) => one.inbox as string))
        if (each.do === 'wait') await clock.advance(each.ms)
        const open = runs.filter((run) => !run.over)
        if (each.do === 'finish' && open.length > 0) await end(open[each.which % open.length] as (typeof runs)[number], each.takes)
        expect(new Set(runs.filter((run) => !run.over).map((run) => run.key)).size).toBe(runs.filter((run) => !run.over).length)
        expect(runs.filter((run) => !run.over).length).toBeLessThanOrEqual(2)
      }
      for (let rounds = 0; rounds < 200; rounds += 1) {
        await clock.advance(1_000)
        const run = runs.find((one) => !one.over)
        if (run === undefined) break
        await end(run, true)
      }
      expect([...ends, ...refused].sort()).toEqual(Array.from({ length: count }, (_, at) => `m${at + 1}`).sort())
    }), { numRuns: 150 })
  })
})

it('only the same person, the same place and no wishes of their own share a turn', () => {
  const one = waiting('a', 'steer')
  expect(mayJoin(one, waiting('b', 'collect'))).toBe(true)
  expect(mayJoin(one, { ...waiting('b', 'steer'), wishes: { thinking: 'high' } })).toBe(false)
  const thread = waiting('b', 'steer')
  thread.message = { ...thread.message, chat: { ...thread.message.chat, thread: '5' as never } }
  expect(mayJoin(one, thread)).toBe(false)
})
