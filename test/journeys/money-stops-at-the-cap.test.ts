import { afterEach, expect, it } from 'vitest'
import { say, usage, type Script } from '../fakes/model-servers/index.ts'
import { personAt } from '../support/person.ts'
import { pricedModel } from '../support/priced-model.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway | undefined
afterEach(() => at?.close())

const thirtyCents: Script = () => [say('Here you are.'), usage(0, 3_000)]

it('a cap stops the next call in words, over a restart, and a higher cap lets it go on', async () => {
  at = await startTestGateway({ telegram: false, script: thirtyCents, config: pricedModel({ daily: 1 }) })
  let client = await at.connect()
  expect(await client.ask('one')).toBe('Here you are.')
  expect(await client.ask('two')).toBe('Here you are.')
  const refusal = /daily cap of \$1\.00 leaves no room: \$0\.60 is spent.*up to \$0\.4\d.*starts afresh \w+ \d+ \w+ 00:00 \(.*\).*moltbot config set budgets\.daily 2/
  await expect(client.ask('three')).rejects.toThrow(refusal)
  expect(at.model.requests).toHaveLength(2)

  await at.restart()
  client = await at.connect()
  await expect(client.ask('four')).rejects.toThrow(refusal)
  expect(at.model.requests).toHaveLength(2)
  await at.gateway.config.set('budgets.daily', 10)
  expect(await client.ask('five')).toBe('Here you are.')

  const cost = await client.request('usage.cost', { days: 2 })
  expect(cost['daily']).toMatchObject([{ totalCost: 0 }, { output: 9_000, totalCost: 0.9, missingCostEntries: 0 }])
  expect(await client.request('usage.spend', { by: 'person' })).toMatchObject({
    rows: [{ name: 'owner', calls: 3, costUsd: 0.9 }],
    caps: [{ period: 'day', capUsd: 10, spentUsd: 0.9, reservedUsd: 0, leftUsd: 9.1 }, { period: 'month', capUsd: 50, spentUsd: 0.9 }],
  })
  expect((await client.request('usage.spend', { by: 'channel' }))['rows']).toMatchObject([{ name: 'web', costUsd: 0.9 }])
  const why = (await client.request('why', { id: String((await at.gateway.rooms.store.read.get('SELECT turn FROM spend'))?.['turn']) })) as { lines: string[] }
  expect(why.lines.join('\n')).toContain('1 model call, 30.00 cents')
})

it('each attempt that a provider answered counts, and what it refused does not', async () => {
  let calls = 0
  at = await startTestGateway({ telegram: false, config: pricedModel({ daily: 5 }), script: () => (calls++ === 0 ? [{ kind: 'error', status: 529, message: 'overloaded' }] : [say('Here you are.'), usage(1_000, 10)]) })
  await (await at.connect()).ask('one')
  expect(at.model.requests).toHaveLength(2)
  expect(await at.gateway.rooms.store.read.all('SELECT input, output, cost, price_source FROM spend')).toEqual([{ input: 1_000, output: 10, cost: 2_000, price_source: 'config' }])
})

it('a turn has a cap of its own, and "go on" begins a new one', async () => {
  at = await startTestGateway({ telegram: false, config: pricedModel({ perTurn: 0.7 }), script: (request) => (request.messages.at(-1)?.text === 'go on' ? [say('Done.'), usage(0, 10)] : [{ kind: 'call', name: 'list', pieces: [`{"path":".","depth":${(request.index % 3) + 1}}`] }, usage(0, 3_000)]) })
  const client = await at.connect()
  await expect(client.ask('work for ever')).rejects.toThrow(/cap for one turn of \$0\.70 leaves no room: \$0\.30 is spent.*Say "go on"/)
  expect(at.model.requests).toHaveLength(1)
  expect(await client.ask('go on')).toBe('Done.')
})

it('one person and one agent have caps beside the gateway\'s', async () => {
  at = await startTestGateway({ script: thirtyCents, config: pricedModel({ byChannel: { telegram: { daily: 0.5 } }, byAgent: { '*': { monthly: 2 } } }) })
  const olga = personAt(at, 1001)
  expect(await olga.chat('one')).toBe('Here you are.')
  expect(await olga.chat('two')).toMatch(/daily cap of channel telegram of \$0\.50 leaves no room: \$0\.30 is spent/)
  expect(await (await at.connect()).ask('elsewhere')).toBe('Here you are.')
  expect(await olga.chat('/usage')).toMatch(/^Today: \$0\.60\. This month: \$0\.60\.\n[^]*daily, channel telegram: \$0\.20 of \$0\.50 left/)
})

it('the owner is told once at eighty percent, in the last chat', async () => {
  at = await startTestGateway({ script: thirtyCents, config: pricedModel({ daily: 1.1 }) })
  const olga = personAt(at, 1001)
  await olga.ask('one')
  await olga.ask('two')
  expect(at.telegram.sent.some(({ text }) => text.includes('💶'))).toBe(false)
  await olga.ask('three')
  const notices = (): string[] => at?.telegram.sent.flatMap(({ text }) => (text.includes('💶') ? [text] : [])) ?? []
  if (notices().length === 0) await at.telegram.nextSent(({ text }) => text.includes('💶'))
  expect(notices()[0]).toMatch(/\$0\.90 of the daily \$1\.10 is spent.*moltbot config set budgets\.daily 3/)
  await at.restart()
  await at.gateway.config.set('budgets.whenReached', 'stop')
  await olga.ask('four')
  expect(notices()).toHaveLength(1)
})

it('a cheaper model takes over when it is named, and says so', async () => {
  at = await startTestGateway({
    script: (request) => [say(request.model), usage(0, 3_000)],
    config: (model) => {
      const base = pricedModel({ daily: 0.6, whenReached: { model: 'near/free-model' } })(model) as { models: { providers: Record<string, unknown> } }
      base.models.providers['near'] = { baseUrl: model.baseUrl('anthropic-messages'), apiKey: 'k', api: 'anthropic-messages', models: [{ id: 'free-model', contextWindow: 100_000, maxTokens: 4_096 }] }
      return base
    },
  })
  const olga = personAt(at, 1001)
  expect(await olga.chat('one')).toBe('test-model')
  expect(await olga.chat('two')).toBe('(near/free-model answers, because test/test-model could not.)\n\nfree-model')
  expect((await (await at.connect()).request('usage.spend', {}))['rows']).toMatchObject([{ name: 'test/test-model', costUsd: 0.3 }, { name: 'near/free-model', calls: 1, output: 3_000, costUsd: 0 }])
})

it('programs are told that there is no money in a way that they do not try again', async () => {
  at = await startTestGateway({ telegram: false, script: thirtyCents, config: pricedModel({ daily: 0 }) })
  const response = await fetch(`http://127.0.0.1:${at.gateway.port}/v1/chat/completions`, {
    method: 'POST', headers: { authorization: `Bearer ${at.token}`, 'content-type': 'application/json' }, body: JSON.stringify({ model: 'moltbot', messages: [{ role: 'user', content: 'hello' }] }),
  })
  expect(response.status).toBe(402)
  expect(await response.json()).toMatchObject({ error: { type: 'insufficient_quota', message: expect.stringContaining('daily cap') } })
})

it('a line under each answer tells its cents', async () => {
  at = await startTestGateway({ telegram: false, script: thirtyCents, config: pricedModel({}) })
  const client = await at.connect()
  await client.request('sessions.patch', { key: 'main', responseUsage: 'full' })
  await client.ask('one')
  await at.quiet()
  expect((await at.gateway.rooms.store.read.all('SELECT markdown FROM deliveries')).map((row) => row['markdown'])).toEqual([expect.stringContaining('3000 out, 0 from the cache, $0.3000')])
})
