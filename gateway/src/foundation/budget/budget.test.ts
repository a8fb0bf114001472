import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Charge, ModelCallEvent, ModelEvent, ModelFetch, ModelFormat, ModelRequest, Store, Tx } from '@moltbot/contract'
import { FakeClock, countingIds, memoryLogger } from '@moltbot/contract/testing'
import Value from 'typebox/value'
import { openStore } from '../storage/index.ts'
import { budgetMigration, budgetRaisesMigration, budgetsSection, createBudget, type AskOwner, type Budget, type KnownPrice, type MoneyQuestion, type OwnerAnswer } from './index.ts'

const noon = Date.UTC(2026, 10, 22, 12)
let clock: FakeClock
let store: Store
let settings: Record<string, unknown>
let known: KnownPrice
let baseUrl: string
let notices: string[]
let told: boolean
let budget: Budget
/** What the provider does with the next calls; the last repeats. */
let provider: ((request: ModelRequest, fetch: ModelFetch) => AsyncIterable<ModelEvent>)[]
let asked: ModelRequest[]

const end = (more: Partial<Extract<ModelEvent, { type: 'end' }>> = {}): ModelEvent => ({ type: 'end', stop: 'end', usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }, message: { role: 'assistant', model: 'p/m', content: [] }, ...more })
const counts = (input: number, output: number, cacheRead = 0, cacheWrite = 0): ModelEvent => end({ usage: { input, output, cacheRead, cacheWrite } })
const says = (...events: ModelEvent[]) => async function* (): AsyncGenerator<ModelEvent> { yield* events }
const charge = (more: Partial<Charge> = {}): Charge => ({ principal: 'owner', agent: 'main', channel: 'web', session: 'k', turn: 't1', privy: true, ...more }) as Charge
const request = (more: Partial<ModelRequest> = {}): ModelRequest => ({
  model: 'm', system: '', tools: [], messages: [{ role: 'user', content: [{ type: 'text', text: 'hello' }] }], thinking: 'off', maxOutputTokens: 1_000, cache: 'none', signal: new AbortController().signal, charge: charge(), ...more,
})

function build(on: Store = store): Budget {
  const format: ModelFormat = {
    id: 'f', credential: { kind: 'none' },
    connect: (_provider, host) => ({
      stream(given) {
        asked.push(given)
        return ((provider.length > 1 ? provider.shift() : provider[0]) as (typeof provider)[number])(given, host.fetch)
      },
    }),
  }
  const made = createBudget({
    store: on, clock, newId: countingIds(), log: memoryLogger(), timeZone: () => 'UTC', known: () => known,
    config: { get: () => Value.Default(budgetsSection.schema, structuredClone(settings)) } as never,
    async notify(words) { notices.push(words); return told },
  })
  metered = made.meter([format])[0] as ModelFormat
  return made
}
let metered: ModelFormat
let fetches: (() => Promise<Response>)[]

async function call(more: Partial<ModelRequest> = {}): Promise<Extract<ModelEvent, { type: 'end' }>> {
  const model = metered.connect({ id: 'p', baseUrl, headers: {}, compat: {} }, { fetch: async () => (fetches.shift() ?? (async () => new Response('')))(), clock, log: memoryLogger() })
  let last: ModelEvent | undefined
  for await (const event of model.stream(request(more))) last = event
  if (last?.type !== 'end') throw new Error('no end')
  return last
}
const spent = (path = 'budgets.daily'): number | undefined => budget.door.caps().find((cap) => cap.path === path)?.spentUsd
const rows = (): Promise<Record<string, unknown>[]> => budget.door.days(1).then(() => store.read.all('SELECT * FROM spend ORDER BY id'))
const settled = async (): Promise<void> => { for (let turns = 0; turns < 40; turns += 1) await new Promise((resolve) => setImmediate(resolve)) }

beforeEach(async () => {
  clock = new FakeClock(noon)
  settings = { daily: 1 }
  known = { cost: { input: 10, output: 100, cacheRead: 1, cacheWrite: 12.5 }, from: 'catalog', subscription: false }
  baseUrl = 'https://api.example'
  notices = []
  told = true
  asked = []
  fetches = []
  provider = [says({ type: 'start' }, counts(100, 50))]
  store = await openStore({ file: ':memory:', migrations: [budgetMigration, budgetRaisesMigration], now: () => clock.now() })
  budget = build()
  await budget.open(async () => [])
})
afterEach(async () => {
  await budget.close()
  await store.close()
})

describe('what is paid for by another measure than tokens', () => {
  const spoken = { kind: 'speech' as const, provider: 'voices', model: 'v', baseUrl: 'https://voices.example', most: 2, price: { usd: 0.2, from: 'config' as const } }
  const never = new AbortController().signal

  it('is set aside at its most, settled once at what it cost, and counts no tokens', async () => {
    const first = await budget.setAside(charge(), spoken, never)
    const second = await budget.setAside(charge({ turn: 't2' as never }), spoken, never)
    await expect(Promise.race([budget.setAside(charge({ turn: 't3' as never }), spoken, never), clock.advance(10_000).then(() => new Promise(() => undefined))])).rejects.toThrow('leaves no room: $0.00 is spent, $0.80 is set aside')
    first.settle(0.5)
    first.settle(2)
    second.settle(0)
    expect(spent()).toBe(0.1)
    expect(await rows()).toMatchObject([{ provider: 'voices', model: 'v', input: 0, output: 0, cost: 100_000, price_source: 'config', turn: 't1' }])
  })
  it('has a ceiling where its price is not known, and costs nothing on a machine of ours', async () => {
    const { price: _, ...unknown } = spoken
    ;(await budget.setAside(charge(), { ...unknown, most: 1 }, never)).settle(1)
    ;(await budget.setAside(charge(), { ...unknown, kind: 'listening', most: 5 }, never)).settle(5)
    ;(await budget.setAside(charge(), { ...unknown, most: 1_000, baseUrl: 'http://192.168.1.4:8880/v1' }, never)).settle(1_000)
    expect((await rows()).map((row) => [row['cost'], row['price_source']])).toEqual([[300_000, 'ceiling'], [100_000, 'ceiling'], [0, 'free']])
  })
  it('counts as its most when the gateway stops before it is settled', async () => {
    await budget.setAside(charge(), spoken, never)
    await budget.close()
    expect(await store.read.all('SELECT * FROM spend')).toMatchObject([{ cost: 400_000, input: 0, price_source: 'assumed' }])
  })
})

describe('what a call counts', () => {
  it('is what the provider says, each kind of token at its price, rounded up', async () => {
    provider = [says(counts(101, 50, 33, 7))]
    await call()
    expect(await rows()).toMatchObject([{ day: '2026-11-22', principal: 'owner', agent: 'main', channel: 'web', session: 'k', turn: 't1', provider: 'p', model: 'm', input: 101, output: 50, cache_read: 33, cache_write: 7, cost: 6_131, price_source: 'catalog' }])
  })
  it('is the ceiling for an unknown price', async () => {
    known = { from: 'catalog', subscription: false }
    await call()
    expect(await rows()).toMatchObject([{ cost: 100 * 15 + 50 * 75, price_source: 'ceiling' }])
    expect((await budget.door.days(1))[0]).toMatchObject({ unpriced: 1 })
  })
  it.each(['http://127.0.0.1:11434', 'http://localhost:1', 'http://[::1]:1', 'http://10.1.2.3/v1', 'http://192.168.0.9', 'http://172.20.0.1', 'http://[fd00::1]/'])('is nothing for an unknown price at %s', async (place) => {
    known = { from: 'catalog', subscription: false }
    baseUrl = place
    settings = { daily: 0, monthly: 0, perTurn: 0 }
    expect((await call()).stop).toBe('end')
    expect(await rows()).toMatchObject([{ cost: 0, input: 100, output: 50, price_source: 'free' }])
  })
  it.each(['https://localhost.example', 'http://10.evil.example', 'http://127.0.0.1.example', 'https://172.40.0.1', ''])('is the ceiling at %s', async (place) => {
    known = { from: 'catalog', subscription: false }
    baseUrl = place
    await call()
    expect(await rows()).toMatchObject([{ price_source: 'ceiling' }])
  })
  it('is nothing but tokens under a subscription, and the price of the configuration where it has one', async () => {
    known = { ...known, subscription: true }
    await call()
    known = { ...known, subscription: false, from: 'config' }
    await call()
    expect(await rows()).toMatchObject([{ cost: 0, price_source: 'free', input: 100 }, { cost: 6_000, price_source: 'config' }])
  })
  it('is assumed where the provider does not count, and nonsense is no discount', async () => {
    provider = [says({ type: 'text-delta', text: 'x'.repeat(4_000) }, end({ message: { role: 'assistant', model: 'p/m', content: [{ type: 'text', text: 'x'.repeat(4_000) }] } })), says(counts(-5, Number.NaN, Number.POSITIVE_INFINITY, 10))]
    await call()
    await call()
    const [first, second] = await rows()
    expect(first).toMatchObject({ price_source: 'assumed', output: 1_000 })
    expect(Number(first?.['cost'])).toBeGreaterThan(100_000)
    expect(second).toMatchObject({ input: 0, cache_read: 0, output: 0, cache_write: 10, cost: 125 })
  })
})

describe('a call that failed', () => {
  const fails = (more: object) => async function* (_request: ModelRequest, fetch: ModelFetch): AsyncGenerator<ModelEvent> {
    await fetch('https://api.example', { headers: {}, signal: new AbortController().signal }).catch(() => undefined)
    yield end({ stop: 'error', fault: { class: 'server_error', message: 'no' }, ...more })
  }
  it.each([
    ['was refused by the provider', async () => new Response('', { status: 500 }), {}],
    ['never reached it', async () => { throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } }) }, {}],
    ['found no way, by any address', async () => { throw Object.assign(new TypeError('fetch failed'), { cause: { errors: [{ code: 'ENETUNREACH' }] } }) }, {}],
    ['was turned away inside a stream', async () => new Response(''), { fault: { class: 'overloaded', message: 'busy' } }],
  ])('costs nothing when it %s', async (_name, answer, more) => {
    fetches = [answer as () => Promise<Response>]
    provider = [fails(more)]
    await call()
    expect(await rows()).toEqual([])
    expect(budget.door.caps()).toMatchObject([{ spentUsd: 0, reservedUsd: 0 }, { spentUsd: 0, reservedUsd: 0 }])
  })
  it('costs what it can have written by then when it broke off, at most all it was allowed', async () => {
    provider = [async function* (_request, fetch) {
      await fetch('https://api.example', { headers: {}, signal: new AbortController().signal })
      await clock.advance(2_000)
      yield end({ stop: 'error', fault: { class: 'network', message: 'reset' } })
    }, async function* (_request, fetch) {
      await fetch('https://api.example', { headers: {}, signal: new AbortController().signal })
      await clock.advance(60_000)
      yield end({ stop: 'error', fault: { class: 'timeout', message: 'silent' } })
    }]
    await call()
    await call()
    expect(await rows()).toMatchObject([{ output: 400, price_source: 'assumed' }, { output: 1_000, price_source: 'assumed' }])
  })
  it('counts what the provider said it read and what was seen', async () => {
    fetches = [async () => new Response('')]
    provider = [async function* (_request, fetch) {
      await fetch('https://api.example', { headers: {}, signal: new AbortController().signal })
      await clock.advance(60_000)
      yield { type: 'text-delta', text: 'x'.repeat(400) }
      yield end({ stop: 'aborted', usage: { input: 70, output: 1, cacheRead: 5, cacheWrite: 0 } })
    }]
    await call()
    expect(await rows()).toMatchObject([{ input: 70, cache_read: 5, output: 120, cost: 70 * 10 + 5 + 120 * 100 }])
  })
  it('is settled though its stream never ends', async () => {
    const stop = new AbortController()
    provider = [async function* (_request, fetch) {
      await fetch('https://api.example', { headers: {}, signal: new AbortController().signal })
      yield { type: 'text-delta', text: 'x'.repeat(40) }
      await new Promise(() => undefined)
    }]
    const model = metered.connect({ id: 'p', baseUrl, headers: {}, compat: {} }, { fetch: async () => new Response(''), clock, log: memoryLogger() })
    const events = model.stream(request({ signal: stop.signal }))[Symbol.asyncIterator]()
    await events.next()
    void events.next()
    expect(budget.door.caps()[0]?.reservedUsd).toBeGreaterThan(0.1)
    stop.abort('stop')
    await clock.advance(2_000)
    expect(budget.door.caps()[0]).toMatchObject({ reservedUsd: 0 })
    expect(spent()).toBeGreaterThan(0)
  })
})

describe('what is set aside', () => {
  it('is the prompt and the longest answer; the answer is shortened to what the money allows, but not below what is worth asking for', async () => {
    await call({ maxOutputTokens: 128_000 })
    settings = { daily: 4, perTurn: 'off' }
    await call({ maxOutputTokens: 128_000 })
    settings = { daily: 400, monthly: 'off', perTurn: 'off' }
    await call({ maxOutputTokens: 128_000 })
    expect(asked.map(({ maxOutputTokens }) => maxOutputTokens)).toEqual([4_096, 8_192, 128_000])
  })
  it('never lets a call begin that may end above the cap', async () => {
    settings = { daily: 0.4 }
    const refused = await call({ maxOutputTokens: 128_000 })
    expect(refused).toMatchObject({ stop: 'error', fault: { class: 'budget', message: expect.stringMatching(/^The daily cap of \$0\.40 leaves no room: \$0\.00 is spent, and this call needs up to \$0\.41\..*Mon 23 Nov 00:00 \(UTC\)\. To change it: `moltbot config set budgets\.daily 0\.8`/) } })
    expect(asked).toEqual([])
    expect((await call({ maxOutputTokens: 3_000 })).stop).toBe('end')
  })
  it('lets others wait for it for a while, and they go on when it is settled', async () => {
    settings = { daily: 0.15, perTurn: 'off' }
    let finish = (): void => undefined
    const held = new Promise<void>((resolve) => { finish = resolve })
    provider = [async function* () { await held; yield counts(1, 10) }, says(counts(1, 10))]
    const first = call()
    const second = call()
    const third = call({ signal: AbortSignal.abort() })
    await settled()
    expect(asked).toHaveLength(1)
    expect((await third).fault?.class).toBe('budget')
    finish()
    expect([(await first).stop, (await second).stop]).toEqual(['end', 'end'])
  })
  it('lets nobody wait for ever', async () => {
    settings = { daily: 0.15, perTurn: 'off' }
    provider = [async function* () {
      yield { type: 'start' }
      await new Promise(() => undefined)
    }]
    void call()
    await settled()
    const second = call()
    await settled()
    await clock.advance(8_000)
    expect((await second).fault?.message).toMatch(/\$0\.10 is set aside for calls under way/)
  })
  it('belongs to every scope: a person, an agent, a channel, each with a cap of its own', async () => {
    settings = { byPrincipal: { kid: { daily: 0.005 }, '*': { monthly: 0.2 } }, byAgent: { research: { monthly: 0.05 } }, byChannel: { sms: { daily: 0 } } }
    const fault = async (more: Partial<Charge>): Promise<string | undefined> => (await call({ charge: charge(more) })).fault?.message
    expect(await fault({ principal: 'kid' as never })).toMatch(/daily cap of person kid/)
    expect(await fault({ agent: 'research' as never })).toMatch(/monthly cap of agent research.*Tue 1 Dec 00:00/)
    expect(await fault({ channel: 'sms' as never })).toMatch(/daily cap of channel sms/)
    expect(await fault({})).toBeUndefined()
    await call({ charge: charge({ turn: 't2' as never }) })
    expect(budget.door.caps({ principal: 'owner' as never }).find(({ scope }) => scope === 'person')).toMatchObject({ path: 'budgets.byPrincipal.*.monthly', spentUsd: 0.012, leftUsd: 0.188 })
    expect(budget.door.caps().map(({ path }) => path)).toContain('budgets.byPrincipal.kid.daily')
  })
  it('tells amounts of the gateway to nobody but those who may know', async () => {
    settings = { daily: 0 }
    expect((await call({ charge: charge({ principal: 'kid' as never, privy: false }) })).fault?.message).toBe('The allowance for now is used up. It starts afresh Mon 23 Nov 00:00 (UTC). The owner can change it.')
    settings = { byPrincipal: { kid: { daily: 0 } } }
    expect((await call({ charge: charge({ principal: 'kid' as never, privy: false }) })).fault?.message).toMatch(/cap of person kid of \$0\.00/)
  })
  it('is nothing special for what belongs to no turn: the gateway pays', async () => {
    await call({ charge: undefined as never })
    expect(await rows()).toMatchObject([{ principal: 'gateway', agent: '', turn: '' }])
    expect(spent()).toBe(0.006)
  })
})

describe('the books', () => {
  it('are open again after a restart, with each sum', async () => {
    await call()
    await call({ charge: charge({ principal: 'kid' as never, agent: 'research' as never }) })
    await budget.close()
    settings = { daily: 1, byPrincipal: { kid: { daily: 1 } } }
    budget = build()
    await budget.open(async () => { throw new Error('a gateway that stopped in order leaves nothing to assume') }).catch(() => undefined)
    budget = build()
    await budget.open(async () => [])
    expect(spent()).toBe(0.012)
    expect(spent('budgets.monthly')).toBe(0.012)
    expect(spent('budgets.byPrincipal.kid.daily')).toBe(0.006)
    expect(await budget.door.by('agent', 1)).toMatchObject([{ name: 'main', calls: 1, costUsd: 0.006 }, { name: 'research' }])
    const date = budget.door.today()
    expect(await budget.door.daily('agent', 1, 6)).toMatchObject({ names: ['main', 'research'], rows: [{ date, name: 'main', calls: 1, costUsd: 0.006 }, { date, name: 'research', calls: 1 }] })
    // Beyond the dearest, everything is one.
    expect((await budget.door.daily('agent', 1, 1)).rows.map(({ name, calls }) => [name, calls]).toSorted()).toEqual([[null, 1], ['main', 1]].toSorted())
    expect(await budget.door.ofTurn('t1' as never)).toMatchObject({ calls: 2, costUsd: 0.012 })
  })
  it('charge what a gateway that died may have had under way, once, and the caps count it', async () => {
    budget = build()
    await clock.advance(3_000)
    const open = [{ charge: charge(), model: 'p/m', baseUrl, inputTokens: 1_000, maxOutputTokens: 128_000, since: noon }]
    await budget.open(async () => open)
    // A thousand tokens at the dearer price of writing them to the cache, and two hundred a second since the last start.
    expect(await rows()).toMatchObject([{ cost: 1_000 * 12.5 + 600 * 100, price_source: 'assumed', turn: 't1' }])
    expect(spent()).toBe(0.0725)
    await budget.close()
    budget = build()
    await budget.open(async () => open)
    expect(await rows()).toHaveLength(1)
  })
  it('go with the transaction of the turn, survive its failure and are written once', async () => {
    await call()
    await expect(store.transaction(async (tx: Tx) => {
      await budget.write(tx, 't1' as never)
      throw new Error('rolled back')
    })).rejects.toThrow('rolled back')
    expect(await store.read.all('SELECT id FROM spend')).toEqual([])
    expect(spent()).toBe(0.006)
    await Promise.all([store.transaction((tx) => budget.write(tx, 't1' as never)), store.transaction((tx) => budget.write(tx, 't1' as never))])
    expect(await rows()).toHaveLength(1)
    expect(spent()).toBe(0.006)
  })
  it('are written by themselves when no transaction comes by', async () => {
    await call()
    await clock.advance(2_000)
    await settled()
    expect(await store.read.all('SELECT cost FROM spend')).toEqual([{ cost: 6_000 }])
  })
  it('that cannot be written stop all spending, but not what is free', async () => {
    let broken = true
    const failing: Store = { ...store, transaction: (work) => (broken ? Promise.reject(new Error('disk full')) : store.transaction(work)) }
    budget = build(failing)
    await call()
    await clock.advance(2_000)
    await settled()
    expect((await call()).fault).toMatchObject({ class: 'budget', message: expect.stringContaining('cannot be written down') })
    known = { ...known, subscription: true }
    expect((await call()).stop).toBe('end')
    broken = false
    await clock.advance(2_000)
    await settled()
    known = { ...known, subscription: false }
    expect((await call()).stop).toBe('end')
  })
  it('know each day of a report, also those on which nothing happened', async () => {
    await call()
    await clock.advance(2 * 86_400_000)
    await call()
    expect((await budget.door.days(4)).map(({ date, costUsd }) => [date, costUsd])).toEqual([['2026-11-21', 0], ['2026-11-22', 0.006], ['2026-11-23', 0], ['2026-11-24', 0.006]])
    expect((await budget.door.days(1, 'kid')).map(({ calls }) => calls)).toEqual([0])
  })
})

describe('the owner', () => {
  it('is told once for each cap and period, and again when the cap is another', async () => {
    settings = { daily: 0.012, monthly: 'off', perTurn: 'off' }
    known = { ...known, cost: { input: 50, output: 100, cacheRead: 0, cacheWrite: 0 } }
    await call({ maxOutputTokens: 50 })
    await settled()
    expect(notices).toEqual([expect.stringMatching(/^💶 \$0\.01 of the daily \$0\.01 is spent\. At the cap I stop spending until Mon 23 Nov 00:00/)])
    settings = { daily: 0.025, monthly: 'off', perTurn: 'off' }
    await call({ maxOutputTokens: 50 })
    await call({ maxOutputTokens: 50, charge: charge({ turn: 't3' as never }) })
    await settled()
    expect(notices).toHaveLength(2)
    await budget.close()
    budget = build()
    await budget.open(async () => [])
    settings = { daily: 0.025, monthly: 'off', perTurn: 'off', byAgent: {} }
    await clock.advance(86_400_000)
    await call({ maxOutputTokens: 50 })
    await settled()
    expect(notices).toHaveLength(2)
  })
})

describe('another model', () => {
  const collect = async (events: AsyncIterable<ModelCallEvent>): Promise<string[]> => {
    const seen: string[] = []
    for await (const event of events) seen.push(event.type === 'failover' ? `failover ${event.from} ${event.to}` : event.type === 'end' ? `end ${event.stop}` : event.type)
    return seen
  }
  it('takes over only when there is no money, and only the one that is named', async () => {
    const calls: (readonly string[])[] = []
    const ask = (fault: 'budget' | 'auth') => async function* (given: { candidates: readonly string[] }): AsyncGenerator<ModelCallEvent> {
      calls.push(given.candidates)
      yield { type: 'model-start', model: given.candidates[0] ?? '' }
      yield calls.length === 1 ? end({ stop: 'error', fault: { class: fault, message: 'no' } }) : end()
    }
    const given = { ...request(), candidates: ['p/m'], strict: false }
    expect(await collect(budget.callModel(ask('budget') as never)(given))).toEqual(['model-start', 'end error'])
    settings = { whenReached: { model: 'near/m' } }
    calls.length = 0
    expect(await collect(budget.callModel(ask('budget') as never)(given))).toEqual(['model-start', 'failover p/m near/m', 'model-start', 'end end'])
    expect(calls).toEqual([['p/m'], ['near/m']])
    calls.length = 0
    expect(await collect(budget.callModel(ask('auth') as never)(given))).toEqual(['model-start', 'end error'])
  })
})

describe('asking the owner', () => {
  const caps = { daily: 1, monthly: 'off', perTurn: 'off', whenReached: 'ask-owner' }
  const worstUsd = 0.11
  let questions: MoneyQuestion[]
  let answers: (OwnerAnswer | Promise<OwnerAnswer>)[]
  /** An owner who answers as the test says; the last answer repeats. */
  const owner: AskOwner = async (question, record, signal) => {
    questions.push(question)
    const id = `ap${questions.length}`
    const stopped = new Promise<OwnerAnswer>((resolve) => signal.addEventListener('abort', () => resolve('withdrawn'), { once: true }))
    const answer = await Promise.race([answers.length > 1 ? answers.shift() : answers[0], stopped])
    if (answer === 'yes' || answer === 'no') {
      // Written down twice, as after a crash, it counts once.
      for (let times = 0; times < 2; times += 1) await store.transaction((tx) => record(tx, id, answer))
    }
    return answer ?? 'unanswered'
  }
  async function turn(name: string, signal = new AbortController().signal): Promise<{ stop: string; message: string; seen: string[] }> {
    const seen: string[] = []
    const ask = async function* (given: ModelRequest): AsyncGenerator<ModelCallEvent> {
      yield { type: 'model-start', model: 'p/m' }
      yield* metered.connect({ id: 'p', baseUrl, headers: {}, compat: {} }, { fetch: async () => new Response(''), clock, log: memoryLogger() }).stream(given) as AsyncIterable<ModelCallEvent>
    }
    let last: Extract<ModelCallEvent, { type: 'end' }> | undefined
    for await (const event of budget.callModel(ask as never)({ ...request({ charge: charge({ turn: name as never }), signal }), candidates: ['p/m'], strict: false }, owner)) {
      seen.push(event.type)
      if (event.type === 'end') last = event
    }
    return { stop: last?.stop ?? '', message: last?.fault?.message ?? '', seen }
  }
  beforeEach(() => {
    settings = { ...caps }
    questions = []
    answers = ['yes']
    provider = [says({ type: 'start' }, counts(100, 900))]
  })

  it('a yes raises the cap once, by a stated amount, and the call goes on as if nothing had been', async () => {
    settings = { ...caps, daily: 0.15, raiseBy: 0.2 }
    await turn('t1')
    expect(questions).toEqual([])
    expect((await turn('t2')).seen).toEqual(['model-start', 'start', 'end'])
    expect(questions).toEqual([{
      summary: 'Raise the daily cap of $0.15 by $0.20, until Mon 23 Nov 00:00 (UTC)', reason: 'the daily cap of $0.15 is reached: $0.09 is spent', what: 'up to $0.20 more on models',
      input: { cap: 'budgets.daily', period: 'gateway::2026-11-22', raiseUsd: 0.2 },
    }])
    expect(budget.door.caps()[0]).toMatchObject({ capUsd: 0.35, path: 'budgets.daily' })
    await turn('t3')
    expect(questions).toHaveLength(1)
    await turn('t4')
    expect(questions).toHaveLength(2)
    await clock.advance(86_400_000)
    expect(budget.door.caps()[0]).toMatchObject({ capUsd: 0.15 })
  })

  it('a cap is raised by as much again, and by no less than the call needs', async () => {
    settings = { ...caps, daily: 0.02 }
    expect((await turn('t1')).stop).toBe('end')
    expect(questions[0]?.input.raiseUsd).toBeCloseTo(0.09, 5)
    settings = { ...caps, daily: 0 }
    await clock.advance(86_400_000)
    expect((await turn('t2')).stop).toBe('end')
  })

  it('a no ends it in words, and holds for that period and over a restart; a changed cap may be asked about again', async () => {
    settings = { ...caps, daily: 0.05 }
    answers = ['no']
    const refused = await turn('t1')
    expect(refused).toMatchObject({ stop: 'error', message: expect.stringMatching(/cap of \$0\.05 leaves no room.*said no\./) })
    await budget.close()
    budget = build()
    await budget.open(async () => [])
    await turn('t2')
    expect(questions).toHaveLength(1)
    settings = { ...caps, daily: 0.06 }
    await turn('t3')
    expect(questions).toHaveLength(2)
    settings = { ...caps, daily: 0.05 }
    await clock.advance(86_400_000)
    await turn('t4')
    expect(questions).toHaveLength(3)
  })

  it('no answer means no for this turn, and the next one asks again', async () => {
    settings = { ...caps, daily: 0.05 }
    answers = ['unanswered', 'yes']
    expect((await turn('t1')).message).toContain('did not answer in time')
    expect((await turn('t2')).stop).toBe('end')
  })

  it('what was allowed stays so over a restart', async () => {
    settings = { ...caps, daily: 0.05 }
    await turn('t1')
    await budget.close()
    budget = build()
    await budget.open(async () => [])
    expect(budget.door.caps()[0]?.capUsd).toBeGreaterThan(0.1)
  })

  it('a turn that is stopped asks no longer; those that waited with it ask anew', async () => {
    settings = { ...caps, daily: 0.05 }
    answers = [new Promise<OwnerAnswer>(() => undefined), 'yes']
    const stop = new AbortController()
    const first = turn('t1', stop.signal)
    await settled()
    const second = turn('t2')
    await settled()
    expect(questions).toHaveLength(1)
    stop.abort('stop')
    expect((await first).stop).toBe('aborted')
    expect((await second).stop).toBe('end')
    expect(questions).toHaveLength(2)
  })

  it('fifty turns at once ask one question for each raise, and never settle above what was allowed and one call', async () => {
    answers = ['yes', 'no']
    const ends = await Promise.all(Array.from({ length: 50 }, async (_, index) => {
      const ended = turn(`t${index}`)
      for (let waits = 0; waits < 4; waits += 1) {
        await settled()
        await clock.advance(8_000)
      }
      return ended
    }))
    expect(questions.map(({ input }) => input.raiseUsd)).toEqual([1, 1])
    expect(ends.some(({ stop }) => stop === 'end') && ends.some(({ message }) => message.includes('said no'))).toBe(true)
    expect(spent()).toBeGreaterThan(1)
    expect(spent()).toBeLessThanOrEqual(2 + worstUsd)
  })

  it('would be seen if each turn raised for itself: without the shared question the same storm spends more', async () => {
    const each: AskOwner = async (question, record) => {
      const id = `own${questions.push(question)}`
      await store.transaction((tx) => record(tx, id, 'yes'))
      return 'yes'
    }
    settings = { ...caps, daily: 'off', perTurn: 0.05 }
    const ask = async function* (given: ModelRequest): AsyncGenerator<ModelCallEvent> {
      yield* metered.connect({ id: 'p', baseUrl, headers: {}, compat: {} }, { fetch: async () => new Response(''), clock, log: memoryLogger() }).stream(given) as AsyncIterable<ModelCallEvent>
    }
    await Promise.all(Array.from({ length: 30 }, async (_, index) => {
      for await (const event of budget.callModel(ask as never)({ ...request({ charge: charge({ turn: `t${index}` as never }) }), candidates: ['p/m'], strict: false }, each)) void event
    }))
    expect(questions).toHaveLength(30)
    expect((await budget.door.days(1))[0]?.costUsd).toBeGreaterThan(2 + worstUsd)
  })
})
