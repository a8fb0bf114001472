import { afterEach, expect, it } from 'vitest'
import type { Tx } from '@moltbot/contract'
import { hang, say, usage, type Script } from '../fakes/model-servers/index.ts'
import { adjustableClock } from '../support/person.ts'
import { freePort } from '../support/free-port.ts'
import { pricedModel } from '../support/priced-model.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway | undefined
afterEach(() => at?.close())

const thirtyCents: Script = () => [say('Here you are.'), usage(0, 3_000)]
const dayMs = 86_400_000
const spent = async (): Promise<number> => Number((await at?.gateway.rooms.store.read.get('SELECT COALESCE(SUM(cost), 0) AS cost FROM spend'))?.['cost'])

it('a new day has money again, and a clock that is set back has none, also after a restart', async () => {
  const clock = adjustableClock()
  at = await startTestGateway({ telegram: false, clock, script: thirtyCents, config: pricedModel({ daily: 0.5 }) })
  const ask = async (text: string): Promise<string> => (await (at as TestGateway).connect()).ask(text)
  await ask('one')
  await expect(ask('two')).rejects.toThrow(/leaves no room/)
  clock.advance(dayMs)
  expect(await ask('three')).toBe('Here you are.')
  clock.advance(-dayMs)
  await expect(ask('four')).rejects.toThrow(/leaves no room/)
  await at.restart()
  await expect(ask('five')).rejects.toThrow(/leaves no room/)
  clock.advance(-40 * dayMs)
  await expect(ask('six')).rejects.toThrow(/leaves no room/)
  clock.advance(42 * dayMs)
  expect(await ask('seven')).toBe('Here you are.')
  expect(await spent()).toBe(900_000)
})

it('the day is that of the owner\'s time zone', async () => {
  const clock = adjustableClock()
  // Half past eleven in the evening in UTC is the next day in Auckland, and the same day in Los Angeles.
  clock.advance(Date.parse(`${new Date(Date.now() + 2 * dayMs).toISOString().slice(0, 10)}T23:30:00Z`) - Date.now())
  at = await startTestGateway({ telegram: false, clock, script: thirtyCents, config: pricedModel({}, { agents: { defaults: { userTimezone: 'Pacific/Auckland', model: { primary: 'test/test-model' } } } }) })
  await (await at.connect()).ask('one')
  expect((await at.gateway.rooms.store.read.get('SELECT day FROM spend'))?.['day']).toBe(new Date(clock.now() + dayMs).toISOString().slice(0, 10))
})

it('what was spent stays spent when the end of the turn could not be written, and is written once', async () => {
  at = await startTestGateway({ telegram: false, script: thirtyCents, config: pricedModel({ daily: 1 }) })
  const { store } = at.gateway.journey
  const whole = store.transaction.bind(store)
  let broken = 0
  // The end of the first turn rolls back twice, after everything in it was done.
  store.transaction = <T>(work: (tx: Tx) => Promise<T>): Promise<T> => whole(async (tx) => {
    const value = await work(tx)
    if (broken < 2 && (await tx.get('SELECT id FROM spend LIMIT 1')) !== undefined) {
      broken += 1
      throw new Error('the disk hiccups')
    }
    return value
  })
  try {
    expect(await (await at.connect()).ask('one')).toBe('Here you are.')
  } finally {
    store.transaction = whole
  }
  expect(broken).toBe(2)
  expect(await at.gateway.rooms.store.read.all('SELECT cost FROM spend')).toEqual([{ cost: 300_000 }])
  expect(at.gateway.rooms.budget?.caps()).toMatchObject([{ path: 'budgets.daily', spentUsd: 0.3, reservedUsd: 0 }, { path: 'budgets.monthly' }])
})

it('what was asked and never answered counts as what it can have cost', async () => {
  at = await startTestGateway({ telegram: false, script: () => [say('I begin'), hang], config: pricedModel({ daily: 1 }) })
  const client = await at.connect()
  await client.request('chat.send', { sessionKey: 'main', message: 'one', idempotencyKey: 'k1' })
  await at.model.arrived(1)
  await client.until(({ event, payload }) => event === 'chat' && payload['state'] === 'delta', 'the first words')
  await client.request('chat.abort', { sessionKey: 'main', runId: 'k1' })
  await at.quiet()
  const rows = await at.gateway.rooms.store.read.all('SELECT price_source, cost FROM spend')
  expect(rows).toMatchObject([{ price_source: 'assumed' }])
  expect(Number(rows[0]?.['cost'])).toBeGreaterThan(1_000)
  expect(Number(rows[0]?.['cost'])).toBeLessThan(500_000)
  expect(at.gateway.rooms.budget?.caps()[0]).toMatchObject({ reservedUsd: 0 })
})

// Each waits until a turn may take no longer, five seconds at least.
it.concurrent.each([['where nobody listens', async () => `http://127.0.0.1:${await freePort()}/anthropic`], ['at a port no client uses', async () => 'http://127.0.0.1:9/anthropic']])('nothing is charged for a provider %s', async (_name, where) => {
  const baseUrl = await where()
  const at = await startTestGateway({ telegram: false, script: thirtyCents, config: (model) => pricedModel({ daily: 1 }, { agents: { defaults: { timeoutSeconds: 5, model: { primary: 'test/test-model' } } } })({ ...model, baseUrl: () => baseUrl }) })
  try {
    await expect((await at.connect()).ask('one')).rejects.toThrow()
    await at.quiet()
    expect(await at.gateway.rooms.store.read.all('SELECT id FROM spend')).toEqual([])
    expect(at.gateway.rooms.budget?.caps()[0]).toMatchObject({ spentUsd: 0, reservedUsd: 0 })
  } finally {
    await at.close()
  }
})
