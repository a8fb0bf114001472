import { Problem, Secret } from '@moltbot/contract'
import type { ConfigView, ModelCall, ModelCallEvent, ModelMessage, SecretSource, Store } from '@moltbot/contract'
import { FakeClock, countingIds, fastClock, memoryLogger, realClock } from '@moltbot/contract/testing'
import { catalog, formats } from '@moltbot/models'
import Value from 'typebox/value'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { cut, echoModel, fail, hang, inOrder, say, startModelServer } from '../../../../test/fakes/model-servers/index.ts'
import type { ModelServer, Script } from '../../../../test/fakes/model-servers/index.ts'
import { openStore } from '../storage/index.ts'
import { createModels, modelsMigration, modelsSection } from './index.ts'
import type { CatalogEntry, Models, ModelsOptions } from './index.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function server(script: Script, models?: string[]): Promise<ModelServer> {
  const started = await startModelServer(script, models === undefined ? {} : { models })
  closing.push(() => started.close())
  return started
}

type Config = Record<string, unknown>
interface Setup { models: Models; log: ReturnType<typeof memoryLogger>; store: Store; set(config: Config): void; secrets: Map<string, string> }

async function setUp(config: Config, more: Partial<Omit<ModelsOptions, 'secrets'>> & { secrets?: Record<string, string>; agents?: ReturnType<ModelsOptions['agentsDefault']> } = {}): Promise<Setup> {
  const log = memoryLogger()
  const store = more.store ?? (await openStore({ file: ':memory:', migrations: [modelsMigration] }))
  const secrets = new Map(Object.entries(more.secrets ?? {}))
  let current = config
  const listeners = new Set<() => void>()
  const view: ConfigView = {
    get: (section) => Value.Default(section.schema, withDefaults(current)) as never,
    onChange: (_section, listener) => {
      const call = (): void => listener(view.get(modelsSection) as never)
      listeners.add(call)
      return () => listeners.delete(call)
    },
    healthy: () => true,
  }
  const source: SecretSource = { get: (path) => Promise.resolve(secrets.has(path) ? new Secret(path, secrets.get(path) ?? '') : undefined) }
  const models = createModels({
    config: view, secrets: source, store, clock: more.clock ?? realClock, log, newId: countingIds(), formats, catalog: more.catalog ?? catalog.filter((entry) => entry.local !== true), fetch: more.fetch ?? globalThis.fetch,
    agentsDefault: () => more.agents ?? { fallbacks: [], aliases: {} },
  })
  closing.push(() => models.stop())
  return {
    models, log, store, secrets,
    set(next) {
      current = next
      for (const listener of listeners) listener()
    },
  }
}

/** `Value.Default` stops at maps; the configuration room does not. */
function withDefaults(config: Config): Config {
  const all = Object.entries((config['providers'] ?? {}) as Record<string, Config>)
  const filled = all.map(([id, entry]) => [id, {
    ...entry,
    models: ((entry['models'] ?? []) as Config[]).map((model) => ({ reasoning: false, input: ['text'], contextWindow: 200_000, maxTokens: 8192, ...model })),
  }])
  return { ...config, providers: Object.fromEntries(filled) as Config }
}

const provider = (of: ModelServer, more: Config = {}): Config => ({ baseUrl: of.baseUrl('openai-completions'), api: 'openai-completions', apiKey: 'set elsewhere', models: [{ id: 'm', reasoning: true, input: ['text', 'image'] }], ...more })
const providers = (all: Record<string, Config>, more: Config = {}): Config => ({ providers: all, ...more })

const call = (candidates: string[], more: Partial<ModelCall> = {}): ModelCall => ({
  candidates, strict: false, system: 'Be brief.', tools: [], messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello?' }] }], thinking: 'off', maxOutputTokens: 1000, cache: 'none', signal: new AbortController().signal, ...more,
})
async function ask(models: Models, given: ModelCall): Promise<{ events: ModelCallEvent[]; kinds: string[]; end: Extract<ModelCallEvent, { type: 'end' }>; text: string }> {
  const events: ModelCallEvent[] = []
  for await (const event of models.call(given)) events.push(event)
  const end = events.at(-1)
  if (end?.type !== 'end') throw new Error('no end')
  expect(events.filter((event) => event.type === 'end')).toHaveLength(1)
  return {
    events, end, text: events.flatMap((event) => (event.type === 'text-delta' ? [event.text] : [])).join(''),
    kinds: events.flatMap((event) => (event.type === 'model-start' ? [event.model] : event.type === 'failover' ? [`${event.from}>${event.to}:${event.fault.class}`] : event.type === 'end' ? [event.stop] : [])),
  }
}

describe('who answers by default', () => {
  const withModel = { fallbacks: [], aliases: {} }

  it('is the built-in assistant on a machine with nothing, and it says why', async () => {
    const { models } = await setUp({})
    await models.start()
    expect(models.door.current()).toMatchObject({ primary: 'builtin/assistant', fallbacks: [] })
    expect(models.door.current().why).toMatch(/built-in assistant/)
    const { text, kinds } = await ask(models, call([]))
    expect(kinds).toEqual(['builtin/assistant', 'end'])
    expect(text).toMatch(/built-in assistant/)
  })

  it('is the first provider with a key: Anthropic, OpenAI, Google, then the others', async () => {
    const { models, secrets } = await setUp({}, { secrets: { 'env:GROQ_API_KEY': 'g' } })
    await models.start()
    expect(models.door.current().primary).toBe('groq/openai/gpt-oss-120b')
    secrets.set('env:GEMINI_API_KEY', 'x')
    await models.detect()
    expect(models.door.current().primary).toMatch(/^google\//)
    secrets.set('env:OPENAI_API_KEY', 'x')
    await models.detect()
    expect(models.door.current().primary).toMatch(/^openai\//)
    secrets.set('env:ANTHROPIC_API_KEY', 'x')
    await models.detect()
    expect(models.door.current().primary).toMatch(/^anthropic\/claude-sonnet/)
    expect(models.door.current().why).toBe('There is a key for Anthropic.')
  })

  it('is what the configuration names, by alias too, whatever keys there are', async () => {
    const one = await server(echoModel())
    const { models } = await setUp(providers({ mine: provider(one) }), { secrets: { 'env:ANTHROPIC_API_KEY': 'x' }, agents: { primary: 'Quick', fallbacks: ['anthropic', 'nonsense', 'mine/m'], aliases: { quick: 'mine/m' } } })
    await models.start()
    expect(models.door.current()).toMatchObject({ primary: 'mine/m', fallbacks: ['anthropic/claude-sonnet-5-5'] })
  })

  it('is nobody where the configuration names what is not there: what it says is what a question gets', async () => {
    for (const [primary, words] of [['nowhere/m', 'There is no provider called "nowhere".'], ['unheard-of', 'No provider has a model called "unheard-of".']] as const) {
      const { models } = await setUp({}, { secrets: { 'env:ANTHROPIC_API_KEY': 'x' }, agents: { primary, fallbacks: [], aliases: {} } })
      await models.start()
      expect(models.door.current()).toMatchObject({ primary, fallbacks: [] })
      expect(models.door.current().why).toContain(words)
      const { end } = await ask(models, call([]))
      expect(end.fault).toMatchObject({ class: 'model_not_found', message: `${words} Check the name with \`moltbot models list\`.` })
    }
  })

  it('is a provider set up in the file before one with a key in the environment', async () => {
    const one = await server(echoModel())
    const { models } = await setUp(providers({ mine: provider(one) }), { secrets: { 'env:ANTHROPIC_API_KEY': 'x' }, agents: withModel })
    await models.start()
    expect(models.door.current().primary).toBe('mine/m')
  })

  it('is a model server found on this machine, until it goes away', async () => {
    const one = await startModelServer(echoModel('local: '), { models: ['qwen3:8b', 'nomic-embed-text'] })
    const entry: CatalogEntry = { id: 'ollama', label: 'Ollama', baseUrl: `${one.origin}/v1`, api: 'openai-completions', keyNames: [], compat: {}, local: true, models: [] }
    const clock = new FakeClock()
    const { models } = await setUp({}, { catalog: [entry, ...catalog.filter((other) => other.local !== true)], clock })
    let changes = 0
    models.onChange(() => changes++)
    await models.detect()
    expect(models.door.current()).toMatchObject({ primary: 'ollama/qwen3:8b', why: 'Ollama runs on this machine.' })
    expect((await ask(models, call([]))).text).toBe('local: Hello?')
    expect(one.requests[0]?.headers['authorization']).toBeUndefined()
    expect((await models.door.list()).map((model) => `${model.provider}/${model.id}`)).toContain('ollama/qwen3:8b')
    await one.close()
    await models.detect()
    expect(models.door.current().primary).toBe('builtin/assistant')
    expect(changes).toBe(2)
  })

  it('looks for local servers only on this machine, and not when told not to', async () => {
    const asked: string[] = []
    const fetch: typeof globalThis.fetch = (input) => {
      asked.push(String(input))
      return Promise.reject(new TypeError('fetch failed'))
    }
    const far = await setUp(providers({ ollama: { baseUrl: 'http://192.0.2.7:11434' } }), { catalog, fetch })
    await far.models.detect()
    expect(asked.every((url) => new URL(url).hostname === '127.0.0.1')).toBe(true)
    expect(asked).toHaveLength(3)
    asked.length = 0
    const off = await setUp({ detectLocal: false }, { catalog, fetch })
    await off.models.detect()
    expect(asked).toEqual([])
  })
})

describe('names', () => {
  it('resolves aliases, references, bare ids and providers, and knows what it does not know', async () => {
    const one = await server(echoModel())
    const { models } = await setUp(providers({ mine: provider(one) }), { agents: { fallbacks: [], aliases: { Opus: 'anthropic/claude-opus-5-5' } } })
    expect(models.door.resolve('opus')).toBe('anthropic/claude-opus-5-5')
    expect(models.door.resolve('mine/anything/at:all')).toBe('mine/anything/at:all')
    expect(models.door.resolve('m')).toBe('mine/m')
    expect(models.door.resolve('claude-haiku-5-5')).toBe('anthropic/claude-haiku-5-5')
    expect(models.door.resolve('openai/gpt-oss-120b')).toBe('openai/gpt-oss-120b')
    expect(models.door.resolve('anthropic')).toBe('anthropic/claude-sonnet-5-5')
    expect(models.door.resolve('nobody/knows')).toBeUndefined()
    expect(models.door.resolve('')).toBeUndefined()
    expect(models.info('mine/m')).toMatchObject({ contextWindow: 200_000, maxOutputTokens: 8192, reasoning: true })
    expect(models.info('opus').contextWindow).toBe(1_000_000)
    expect(models.info('who/knows')).toMatchObject({ id: 'knows', contextWindow: 200_000 })
  })

  it('lists what can be asked, sorted, with the state of its credential', async () => {
    const one = await server(echoModel())
    const { models } = await setUp(providers({ zeta: provider(one), openai: {} }), { secrets: { 'env:ANTHROPIC_API_KEY': 'x', 'models.providers.zeta.apiKey': 'k' } })
    const list = await models.door.list()
    expect([...new Set(list.map((model) => model.provider))]).toEqual(['anthropic', 'builtin', 'openai', 'zeta'])
    expect(list.find((model) => model.provider === 'anthropic')).toMatchObject({ available: true, credential: 'set' })
    expect(list.find((model) => model.provider === 'openai')).toMatchObject({ available: false, credential: 'missing' })
    expect(list.find((model) => model.provider === 'builtin')).toMatchObject({ available: true, credential: 'not-needed' })
  })

  it('uses only what the file names when it says so', async () => {
    const one = await server(echoModel())
    const { models } = await setUp(providers({ mine: provider(one) }, { mode: 'replace' }), { secrets: { 'env:ANTHROPIC_API_KEY': 'x' } })
    expect([...new Set((await models.door.list()).map((model) => model.provider))]).toEqual(['builtin', 'mine'])
    expect(models.door.resolve('anthropic/claude-opus-5-5')).toBeUndefined()
  })
})

describe('credentials', () => {
  it.each([
    ['anthropic-messages', {}, 'x-api-key', 'sesame-1'], ['google-generative-ai', {}, 'x-goog-api-key', 'sesame-1'], ['openai-completions', {}, 'authorization', 'Bearer sesame-1'],
    ['anthropic-messages', { auth: 'token' }, 'authorization', 'Bearer sesame-1'], ['anthropic-messages', { authHeader: true }, 'authorization', 'Bearer sesame-1'],
  ] as const)('%s %j sends it as %s', async (api, more, header, value) => {
    const one = await server(echoModel())
    const { models } = await setUp(providers({ mine: provider(one, { api, baseUrl: one.baseUrl(api), headers: { 'x-team': 'blue' }, ...more }) }), { secrets: { 'models.providers.mine.apiKey': 'sesame-1' } })
    expect((await ask(models, call(['mine/m']))).text).toBe('Hello?')
    expect(one.requests[0]?.headers).toMatchObject({ [header]: value, 'x-team': 'blue' })
  })

  it('tells what to do when the key is missing, without asking anyone', async () => {
    const { models } = await setUp({}, { fetch: () => Promise.reject(new Error('must not be asked')) })
    const { end } = await ask(models, call(['anthropic/claude-sonnet-5-5']))
    expect(end.fault).toMatchObject({ class: 'auth' })
    expect(end.fault?.message).toContain('ANTHROPIC_API_KEY=…')
  })

  it('follows redirects within the host and never takes the key to another', async () => {
    const target = await server(echoModel())
    let elsewhere = 0
    const other = createServer((_request, response) => {
      elsewhere++
      response.end()
    }).listen(0, '127.0.0.1')
    const front = createServer((request, response) => {
      if (request.url?.startsWith('/loop') === true) response.writeHead(307, { location: '/loop/again' }).end()
      else if (request.url?.startsWith('/inside') === true) response.writeHead(308, { location: request.url.replace('/inside', '/there') }).end()
      else if (request.url?.startsWith('/there') === true) response.writeHead(401, { 'x-seen': String(request.headers['authorization']) }).end('{"error":{"message":"seen"}}')
      else response.writeHead(307, { location: `http://127.0.0.1:${(other.address() as AddressInfo).port}/v1/chat/completions` }).end()
    }).listen(0, '127.0.0.1')
    closing.push(() => other.close(), () => front.close(), () => other.closeAllConnections(), () => front.closeAllConnections())
    await new Promise((resolve) => setImmediate(resolve))
    const base = `http://127.0.0.1:${(front.address() as AddressInfo).port}`
    const { models } = await setUp(providers({ away: provider(target, { baseUrl: `${base}/v1` }), inside: provider(target, { baseUrl: `${base}/inside` }), loop: provider(target, { baseUrl: `${base}/loop` }) }), {
      secrets: { 'models.providers.away.apiKey': 'k', 'models.providers.inside.apiKey': 'k', 'models.providers.loop.apiKey': 'k' },
    })
    expect((await ask(models, call(['away/m']))).end.fault?.message).toMatch(/was about to go to .* and was not sent/)
    expect((await ask(models, call(['loop/m']))).end.fault?.message).toMatch(/redirect/)
    expect((await ask(models, call(['inside/m']))).end.fault).toMatchObject({ class: 'auth', status: 401 })
    expect(elsewhere).toBe(0)
  })

  it('does not send a key unencrypted into the world', async () => {
    const { models } = await setUp(providers({ far: { baseUrl: 'http://models.example.com/v1', models: [{ id: 'm' }] } }), { secrets: { 'models.providers.far.apiKey': 'k' }, fetch: () => Promise.reject(new Error('must not be asked')) })
    expect((await ask(models, call(['far/m']))).end.fault?.message).toMatch(/without encryption/)
  })

  it('keeps the key out of faults and logs even when a server quotes it', async () => {
    const one = await server(() => [fail(401, 'the key "sesame" is wrong')])
    const { models, log } = await setUp(providers({ mine: provider(one) }), { secrets: { 'models.providers.mine.apiKey': 'sesame' } })
    const { end } = await ask(models, call(['mine/m']))
    expect(end.fault?.message).toContain('[credential]')
    expect(JSON.stringify([end, log.lines])).not.toContain('sesame')
  })

  it.each(['sesame\nsecond-half', 'sesame\r\nx-injected: 1', 'ses\u0000ame', 'sésame', ' sesame'])('a key such as %j splits no request, is not sent, and is not told', async (key) => {
    const one = await server(echoModel())
    const { models, log } = await setUp(providers({ mine: provider(one) }), { secrets: { 'models.providers.mine.apiKey': key } })
    const { end } = await ask(models, call(['mine/m']))
    expect(end.fault).toMatchObject({ class: 'auth_permanent', message: expect.stringContaining('was not sent') })
    expect(one.requests).toEqual([])
    expect(JSON.stringify([end, log.lines])).not.toMatch(/same|second-half|injected/)
  })

  it('stops a provider that has no address', async () => {
    const { models } = await setUp(providers({ odd: { models: [{ id: 'm' }] }, strange: { baseUrl: 'http://127.0.0.1:1/v1', api: 'smoke-signals', models: [{ id: 'm' }] } }))
    expect((await ask(models, call(['odd/m']))).end.fault?.message).toMatch(/no usable base URL/)
    expect((await ask(models, call(['strange/m']))).end.fault?.message).toMatch(/unknown wire format/)
    expect((await ask(models, call(['nobody/m']))).end.fault).toMatchObject({ class: 'model_not_found' })
  })
})

describe('failover', () => {
  async function pair(first: Script, second: Script, more: { config?: Config; clock?: FakeClock; store?: Store } = {}): Promise<Setup & { a: ModelServer; b: ModelServer }> {
    const a = await server(first)
    const b = await server(second)
    const set = await setUp(providers({ a: provider(a), b: provider(b) }, more.config), { ...(more.clock === undefined ? {} : { clock: more.clock }), ...(more.store === undefined ? {} : { store: more.store }) })
    return { ...set, a, b }
  }

  it.each([
    [401, 'auth'], [402, 'billing'], [403, 'auth'], [404, 'model_not_found'], [408, 'timeout'], [429, 'rate_limit'], [500, 'server_error'], [503, 'overloaded'], [529, 'overloaded'],
  ] as const)('%s: the next model answers', async (status, kind) => {
    const { models, a, b } = await pair(() => [fail(status, 'no')], echoModel('b: '))
    const { kinds, text, end } = await ask(models, call(['a/m', 'b/m']))
    expect(kinds).toEqual(['a/m', `a/m>b/m:${kind}`, 'b/m', 'end'])
    expect(text).toBe('b: Hello?')
    expect(end.message.model).toBe('b/m')
    expect(a.requests.length).toBeLessThanOrEqual(2)
    expect(b.requests).toHaveLength(1)
  })

  it.each([['cut off', [cut]], ['a page of a proxy', [fail(403, '', { body: '<html><title>Blocked</title></html>' })]], ['an empty stream', [{ kind: 'raw', bytes: ': nothing\n\n' } as const]], ['a page instead of a stream', [fail(200, '', { body: '<html>hi</html>' })]]] as const)('%s: the next model answers', async (_what, steps) => {
    const { models } = await pair(() => [...steps], echoModel('b: '))
    expect((await ask(models, call(['a/m', 'b/m']))).text).toBe('b: Hello?')
  })

  it.each([['prompt is too long', 'context_overflow'], ['bad field', 'format']] as const)('"%s" (%s) is nobody else\'s business', async (message, kind) => {
    const { models, b } = await pair(() => [fail(400, message)], echoModel())
    const { kinds, end } = await ask(models, call(['a/m', 'b/m']))
    expect(kinds).toEqual(['a/m', 'error'])
    expect(end.fault?.class).toBe(kind)
    expect(b.requests).toHaveLength(0)
    // And it is not held against the model.
    expect((await models.door.list()).find((model) => model.provider === 'a')?.available).toBe(true)
  })

  it('a refusal is an answer', async () => {
    const { models, b } = await pair(() => [say('No.'), { kind: 'end', stop: 'refusal' }], echoModel())
    expect((await ask(models, call(['a/m', 'b/m']))).end).toMatchObject({ stop: 'refusal', fault: { class: 'refusal' } })
    expect(b.requests).toHaveLength(0)
  })

  it('a model a person chose is never replaced', async () => {
    const { models, b } = await pair(() => [fail(401, 'no')], echoModel())
    expect((await ask(models, call(['a/m', 'b/m'], { strict: true }))).kinds).toEqual(['a/m', 'error'])
    expect(b.requests).toHaveLength(0)
  })

  it('an answer that breaks off after words is begun anew once by the same model, then by the next', async () => {
    const { models, a, b } = await pair(() => [say('half an '), cut], () => [say('whole')])
    const { kinds, end } = await ask(models, call(['a/m', 'b/m']))
    expect(kinds).toEqual(['a/m', 'a/m', 'a/m>b/m:network', 'b/m', 'end'])
    expect(end).toMatchObject({ stop: 'end', message: { content: [{ text: 'whole' }] } })
    expect([a.requests.length, b.requests.length]).toEqual([2, 1])
  })

  it('without another model it is begun anew once, and ends in what arrived last', async () => {
    const { models, a } = await pair(() => [say('half an '), cut], echoModel())
    const { kinds, end } = await ask(models, call(['a/m']))
    expect(kinds).toEqual(['a/m', 'a/m', 'error'])
    expect(end).toMatchObject({ fault: { class: 'network' }, message: { content: [{ text: 'half an ' }] } })
    expect(a.requests).toHaveLength(2)
  })

  it('words that cannot be taken back stay: then a stream that breaks off ends the call', async () => {
    const { models, a, b } = await pair(() => [say('half an '), cut], echoModel())
    const { kinds, end } = await ask(models, call(['a/m', 'b/m'], { showsForGood: true }))
    expect(kinds).toEqual(['a/m', 'error'])
    expect(end).toMatchObject({ fault: { class: 'network' }, message: { content: [{ text: 'half an ' }] } })
    expect([a.requests.length, b.requests.length]).toEqual([1, 0])
  })

  it('tries the same model once more when that helps', async () => {
    const { models, a, b } = await pair(inOrder([fail(500, 'oops')], [say('better')]), echoModel())
    expect((await ask(models, call(['a/m', 'b/m']))).kinds).toEqual(['a/m', 'end'])
    expect(a.requests).toHaveLength(2)
    expect(b.requests).toHaveLength(0)
  })

  it('silence for fifteen seconds is enough, and no second is lost', async () => {
    const clock = new FakeClock()
    const { models, b } = await pair(() => [hang], echoModel('b: '), { clock })
    const asking = ask(models, call(['a/m', 'b/m']))
    const answered = drive(clock, asking)
    const { kinds } = await answered
    expect(kinds).toEqual(['a/m', 'a/m>b/m:timeout', 'b/m', 'end'])
    expect(b.requests).toHaveLength(1)
    expect(clock.now() - Date.UTC(2026, 0, 1)).toBeLessThanOrEqual(15_500)
  })

  it('a stall after words ends the call after a minute, with the words', async () => {
    const clock = new FakeClock()
    const { models } = await pair(() => [say('half an '), hang], echoModel(), { clock })
    const { end } = await drive(clock, ask(models, call(['a/m', 'b/m'], { showsForGood: true })))
    expect(end).toMatchObject({ stop: 'error', fault: { class: 'timeout' }, message: { content: [{ text: 'half an ' }] } })
    const waited = clock.now() - Date.UTC(2026, 0, 1)
    expect(waited).toBeGreaterThanOrEqual(60_000)
    expect(waited).toBeLessThan(62_000)
  })

  it('with nobody else to ask it is patient, follows retry-after, and gives up in the end', async () => {
    const clock = new FakeClock()
    const a = await server(inOrder([fail(429, 'slow', { headers: { 'retry-after': '20' } })], [say('now')]))
    const { models } = await setUp(providers({ a: provider(a) }), { clock })
    expect((await drive(clock, ask(models, call(['a/m'])))).text).toBe('now')
    expect(clock.now() - Date.UTC(2026, 0, 1)).toBeGreaterThanOrEqual(20_000)
    a.use(() => [fail(500, 'oops')])
    const before = a.requests.length
    const at = clock.now()
    expect((await drive(clock, ask(models, call(['a/m'])))).end.fault?.class).toBe('server_error')
    expect(a.requests.length - before).toBeGreaterThan(3)
    expect(a.requests.length - before).toBeLessThanOrEqual(8)
    expect(clock.now() - at).toBeLessThanOrEqual(90_000)
  })

  it('a model that failed rests 30 s, a minute, then five; success forgives', async () => {
    const clock = new FakeClock()
    const { models, a, b } = await pair(() => [fail(404, 'no such model')], echoModel(), { clock })
    for (const restMs of [30_000, 60_000, 300_000, 300_000]) {
      const before = a.requests.length
      await drive(clock, ask(models, call(['a/m', 'b/m'])))
      expect(a.requests.length).toBe(before + 1)
      await clock.advance(restMs - 1000)
      const skipped = await drive(clock, ask(models, call(['a/m', 'b/m'])))
      expect(skipped.kinds).toEqual(['b/m', 'end'])
      expect(a.requests.length).toBe(before + 1)
      await clock.advance(1001)
    }
    a.use(echoModel('a: '))
    expect((await drive(clock, ask(models, call(['a/m', 'b/m'])))).text).toBe('a: Hello?')
    a.use(() => [fail(404, 'no such model')])
    await drive(clock, ask(models, call(['a/m', 'b/m'])))
    await clock.advance(30_001)
    const before = a.requests.length
    await drive(clock, ask(models, call(['a/m', 'b/m'])))
    expect(a.requests.length).toBe(before + 1)
    expect(b.requests.length).toBeGreaterThan(5)
  })

  it('an account without credit rests as a whole for ten minutes, over a restart, until its key changes', async () => {
    const clock = new FakeClock()
    const store = await openStore({ file: ':memory:', migrations: [modelsMigration] })
    const a = await server(() => [fail(402, 'pay')])
    const b = await server(echoModel())
    const config = providers({ a: provider(a), b: provider(b) })
    const secrets = { 'models.providers.a.apiKey': 'old-key' }
    const first = await setUp(config, { clock, store, secrets })
    await drive(clock, ask(first.models, call(['a/m', 'b/m'])))
    const again = await setUp(config, { clock, store, secrets })
    expect((await drive(clock, ask(again.models, call(['a/other', 'b/m'])))).kinds).toEqual(['b/m', 'end'])
    expect((await store.read.all('SELECT * FROM model_cooldowns')).map((row) => JSON.stringify(row)).join()).not.toContain('old-key')
    again.secrets.set('models.providers.a.apiKey', 'new-key')
    await drive(clock, ask(again.models, call(['a/m', 'b/m'])))
    expect(a.requests).toHaveLength(2)
    await clock.advance(600_001)
    await drive(clock, ask(again.models, call(['a/m', 'b/m'])))
    expect(a.requests).toHaveLength(3)
  })

  it('when all rest, the one whose rest ends first is asked', async () => {
    const clock = new FakeClock()
    const { models, a, b } = await pair(() => [fail(404, 'no such model')], () => [fail(402, 'pay')], { clock })
    expect((await drive(clock, ask(models, call(['b/m', 'a/m'])))).end.stop).toBe('error')
    const before = [a.requests.length, b.requests.length]
    a.use(echoModel('a: '))
    expect((await drive(clock, ask(models, call(['b/m', 'a/m'])))).text).toBe('a: Hello?')
    expect([a.requests.length, b.requests.length]).toEqual([(before[0] ?? 0) + 1, before[1]])
  })

  it('stops at once, in the middle of a wait and in the middle of silence', async () => {
    for (const script of [() => [hang], () => [say('words '), hang], () => [fail(429, 'slow', { headers: { 'retry-after': '60' } })]] as Script[]) {
      const a = await server(script)
      const { models } = await setUp(providers({ a: provider(a) }))
      const control = new AbortController()
      const asking = ask(models, call(['a/m'], { signal: control.signal }))
      await a.arrived(1)
      setTimeout(() => control.abort(), 30)
      const clock = fastClock(1)
      const began = clock.now()
      expect((await asking).end).toMatchObject({ stop: 'aborted', fault: { class: 'abort' } })
      // Far less than the minute it was told to wait.
      expect(clock.now() - began).toBeLessThan(30_000)
    }
  })

  it('fits the request to what the model can take', async () => {
    const a = await server(echoModel())
    const { models } = await setUp(providers({ a: provider(a, { models: [{ id: 'm', maxTokens: 100 }] }) }))
    const messages: ModelMessage[] = [{ role: 'user', content: [{ type: 'text', text: 'Look' }, { type: 'image', mimeType: 'image/png', data: 'AAAA' }] }]
    await ask(models, call(['a/m'], { messages, thinking: 'high' }))
    expect(a.requests[0]?.body).toMatchObject({ max_tokens: 100 })
    expect(a.requests[0]?.raw).not.toMatch(/AAAA|reasoning_effort/)
    expect(a.requests[0]?.lastUserText).toContain('cannot see')
  })

  it('survives a secret source and a store that fail', async () => {
    const a = await server(echoModel())
    const store = await openStore({ file: ':memory:', migrations: [] })
    const { models } = await setUp(providers({ a: provider(a) }), { store })
    expect((await ask(models, call(['a/m']))).text).toBe('Hello?')
    const broken = createModels({
      config: { get: (section) => Value.Default(section.schema, withDefaults(providers({ a: provider(a) }))) as never, onChange: () => () => undefined, healthy: () => true },
      secrets: { get: () => Promise.reject(new Problem('vault-locked', 'The vault is locked.')) }, store, clock: realClock, log: memoryLogger(), newId: countingIds(), formats, catalog, fetch: globalThis.fetch,
      agentsDefault: () => ({ fallbacks: [], aliases: {} }),
    })
    expect((await ask(broken, call(['a/m']))).end.fault?.message).toContain('The vault is locked.')
  })
})

/** Lets real sockets work while fake time passes, a little at a time, until the call is answered. */
async function drive<T>(clock: FakeClock, work: Promise<T>): Promise<T> {
  let done = false
  const finished = work.finally(() => {
    done = true
  })
  for (let quiet = 0; !done;) {
    await new Promise((resolve) => setTimeout(resolve, 2))
    // Time stands still until the sockets have had their say.
    if (++quiet > 15) await clock.advance(500)
  }
  return finished
}

describe('a server that means harm', () => {
  /** What it writes on each request, and how much of it was taken. */
  async function hostile(write: (response: ServerResponse) => void, more: Config = {}, others: Record<string, Config> = {}): Promise<{ models: Models; paths: string[] }> {
    const paths: string[] = []
    const one = createServer((request, response) => {
      paths.push(request.url ?? '')
      request.resume()
      write(response)
    }).listen(0, '127.0.0.1')
    closing.push(() => one.close(), () => one.closeAllConnections())
    await new Promise((resolve) => one.once('listening', resolve))
    const baseUrl = `http://127.0.0.1:${(one.address() as AddressInfo).port}`
    const { models } = await setUp(providers({ mine: { baseUrl, api: 'openai-completions', apiKey: 'set elsewhere', models: [{ id: 'm' }], ...more }, ...others }), { secrets: { 'models.providers.mine.apiKey': 'sesame' } })
    return { models, paths }
  }
  const piece = `data: {"choices":[{"delta":{"content":"${'x'.repeat(1_000_000)}"}}]}\n\n`
  /** Writes until nobody listens. */
  const endless = (response: ServerResponse, text: string): void => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const go = (): void => { while (!response.destroyed && response.write(text)) { /* As long as it is taken. */ } }
    response.on('drain', go)
    go()
  }

  it('is left when its answer has no end', async () => {
    const { models } = await hostile((response) => endless(response, piece))
    let most = 0
    for await (const event of models.call(call(['mine/m']))) {
      if (event.type === 'text-delta') most += event.text.length
      if (event.type === 'end') expect(event.fault).toMatchObject({ class: 'server_error', message: expect.stringContaining('without end') })
    }
    expect(most).toBeLessThan(80_000_000)
  })

  it('is left when one event of its answer has no end, and the next model answers', async () => {
    const good = await server(echoModel())
    const { models } = await hostile((response) => endless(response, 'x'.repeat(1_000_000)), {}, { good: provider(good) })
    expect((await ask(models, call(['mine/m', 'good/m']))).text).toBe('Hello?')
  })

  it('steers no terminal and turns no text around by what it says', async () => {
    const { models } = await hostile((response) => response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { message: 'no\u001b[2J\u202eevil\u009b31m\r\n\u0007[secret] \u2028next' } })))
    const { end } = await ask(models, call(['mine/m']))
    expect(end.fault?.message).toContain('evil')
    // oxlint-disable-next-line no-control-regex -- these are what must not remain
    expect(end.fault?.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/)
  })

  it.each(['../../other', '..', 'a/../../b', 'm?key=1#x', 'm\r\nx: y', '%2e%2e/x', '\\\\evil', '@evil/x'])('a model called %j is asked for at its provider, below its path, and nowhere else', async (id) => {
    for (const api of ['google-generative-ai', 'openai-completions', 'anthropic-messages'] as const) {
      const { models, paths } = await hostile((response) => response.writeHead(404).end('{}'), { api, models: [{ id }] })
      await ask(models, call([`mine/${id}`], { strict: true }))
      for (const path of paths) {
        const url = new URL(path, 'http://here')
        expect([url.host, url.pathname], path).toEqual(['here', expect.stringMatching(/^\/(?:v1beta\/.*:streamGenerateContent|v1\/messages|(?:v1\/)?chat\/completions)$/)])
        expect([...url.searchParams.keys()].filter((name) => name !== 'alt')).toEqual([])
      }
      expect(paths.length, api).toBeGreaterThan(0)
    }
  })
})

describe('the connection of a call', () => {
  it('stays whole when the server ends its answer a moment after the last word', async () => {
    let tell: (hungUp: boolean) => void = () => undefined
    const ended = new Promise<boolean>((resolve) => { tell = resolve })
    const slowToEnd = createServer((request, response) => {
      request.resume()
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: {"choices":[{"delta":{"content":"hi"}}]}\n\ndata: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
      setTimeout(() => {
        tell(request.socket.destroyed)
        response.end()
      }, 100)
    })
    await new Promise<void>((resolve) => slowToEnd.listen(0, '127.0.0.1', resolve))
    closing.push(() => {
      slowToEnd.closeAllConnections()
      slowToEnd.close()
    })
    const set = await setUp(providers({ a: { baseUrl: `http://127.0.0.1:${(slowToEnd.address() as AddressInfo).port}/v1`, api: 'openai-completions', apiKey: 'k', models: [{ id: 'm' }] } }), { secrets: { 'models.providers.a.apiKey': 'k' } })
    expect((await ask(set.models, call(['a/m']))).text).toBe('hi')
    expect(await ended).toBe(false)
  })
})
