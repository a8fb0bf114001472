import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FaultClass, ModelEvent, ModelFormat, ModelRequest, Provider, Usage } from '../model.ts'
import { memoryLogger, realClock } from './fake-clock.ts'

/** What the other end does, in no wire format: the adapter's test says it in its own. */
export type ModelScenario =
  | { kind: 'answer'; text: string[]; thinking?: string[]; calls: { name: string; json: string }[]; usage: Usage; stop: 'end' | 'tool-use' | 'length' | 'refusal' }
  | { kind: 'status'; status: number; message: string; headers?: Record<string, string> }
  /** Says `text`, then the connection is destroyed. */
  | { kind: 'cut'; text: string[] }
  /** Says `text`, then nothing more; '' is silence from the beginning. */
  | { kind: 'hang'; text: string[] }
  /** Tells of an overload inside the stream, after `text`. */
  | { kind: 'overload'; text: string[] }

export interface ModelPeer { provider: Provider; fetch: typeof globalThis.fetch; close(): Promise<void> }

export interface ModelSuite {
  format: ModelFormat
  /** A server that answers every call so. */
  serve(scenario: ModelScenario): Promise<ModelPeer>
  /** What this format cannot carry: broken JSON as arguments, counts of what went into the cache. */
  lacks?: readonly ('malformed' | 'cache-write')[]
}

type End = Extract<ModelEvent, { type: 'end' }>

/** A request with every default; `changes` on top. */
export function modelRequest(changes: Partial<ModelRequest> = {}): ModelRequest {
  return {
    model: 'test-model', system: 'Be brief.', tools: [{ name: 'read', description: 'Reads a file.', input: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] } }],
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello?' }] }], thinking: 'off', maxOutputTokens: 1000, cache: 'short', signal: new AbortController().signal, ...changes,
  }
}

/** Reads a stream to its end, checking what holds for every stream: `start` first, exactly one `end`, last; deltas belong to calls that began. */
export async function readModel(stream: AsyncIterable<ModelEvent>): Promise<{ events: ModelEvent[]; end: End }> {
  const events: ModelEvent[] = []
  for await (const event of stream) events.push(event)
  expect(events[0]?.type).toBe('start')
  expect(events.filter((event) => event.type === 'start')).toHaveLength(1)
  expect(events.filter((event) => event.type === 'end')).toHaveLength(1)
  const end = events.at(-1)
  if (end?.type !== 'end') throw new Error('the last event is not `end`')
  const begun = new Set<string>()
  const disorderly = events.filter((event) => {
    if (event.type === 'tool-call-start') return begun.has(event.id) || begun.add(event.id).size === 0
    return event.type === 'tool-call-delta' && !begun.has(event.id)
  })
  expect(disorderly).toEqual([])
  const shown = events.flatMap((event) => (event.type === 'text-delta' ? [event.text] : [])).join('')
  expect(end.message.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('')).toBe(shown)
  expect(end.stop === 'error' || end.stop === 'refusal' || end.stop === 'aborted').toBe(end.fault !== undefined)
  for (const count of Object.values(end.usage)) expect(Number.isInteger(count) && count >= 0).toBe(true)
  return { events, end }
}

const full: Extract<ModelScenario, { kind: 'answer' }> = {
  kind: 'answer', thinking: ['Let me ', 'see.'], text: ['Grüße, ', '世界 ', '🎉!'], stop: 'tool-use',
  calls: [{ name: 'read', json: '{"path":"a/ä \\"quoted\\".md","deep":{"n":[1,2.5,null,true]}}' }, { name: 'list', json: '{}' }, { name: 'read', json: '{"path":"b"}' }],
  usage: { input: 101, output: 23, cacheRead: 45, cacheWrite: 6 },
}

const statuses: [number, string, FaultClass][] = [
  [400, 'messages: bad field', 'format'],
  [400, 'prompt is too long: 250000 tokens > 200000 maximum', 'context_overflow'],
  [400, 'Your credit balance is too low to access the API', 'billing'],
  [401, 'authentication failed', 'auth'],
  [401, 'invalid x-api-key', 'auth_permanent'],
  [402, 'payment required', 'billing'],
  [403, 'forbidden', 'auth'],
  [404, 'model: nope was not found', 'model_not_found'],
  [408, 'request timed out', 'timeout'],
  [413, 'request exceeds the maximum size', 'context_overflow'],
  [429, 'slow down', 'rate_limit'],
  [429, 'You exceeded your current quota, please check your plan and billing details', 'billing'],
  [500, 'internal error', 'server_error'],
  [502, 'bad gateway', 'server_error'],
  [503, 'unavailable', 'overloaded'],
  [504, 'gateway timed out', 'timeout'],
  [529, 'overloaded', 'overloaded'],
]

/** The suite every wire format passes, against a real server of its own kind. */
export function testModel(name: string, suite: ModelSuite): void {
  const lacks = new Set(suite.lacks ?? [])
  const host = (fetch: typeof globalThis.fetch): { fetch: typeof globalThis.fetch; clock: typeof realClock; log: ReturnType<typeof memoryLogger> } => ({ fetch, clock: realClock, log: memoryLogger() })

  async function ask(scenario: ModelScenario, changes: Partial<ModelRequest> = {}): Promise<{ events: ModelEvent[]; end: End }> {
    const peer = await suite.serve(scenario)
    try {
      return await readModel(suite.format.connect(peer.provider, host(peer.fetch)).stream(modelRequest(changes)))
    } finally {
      await peer.close()
    }
  }

  /** The bytes of one answer, for playing them again in other pieces. */
  async function record(scenario: ModelScenario): Promise<{ provider: Provider; bytes: Uint8Array; contentType: string }> {
    const peer = await suite.serve(scenario)
    let bytes = new Uint8Array()
    let contentType = ''
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const response = await peer.fetch(input, init)
      contentType = response.headers.get('content-type') ?? ''
      bytes = new Uint8Array(await response.arrayBuffer())
      return new Response(bytes, { status: response.status, headers: response.headers })
    }
    await readModel(suite.format.connect(peer.provider, host(fetch)).stream(modelRequest()))
    await peer.close()
    return { provider: peer.provider, bytes, contentType }
  }

  function replay(recorded: { provider: Provider; contentType: string }, pieces: Uint8Array[], broken = false): Promise<{ events: ModelEvent[]; end: End }> {
    const fetch: typeof globalThis.fetch = () => {
      let at = 0
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          const piece = pieces[at++]
          if (piece !== undefined) controller.enqueue(piece)
          else if (broken) controller.error(new TypeError('terminated'))
          else controller.close()
        },
      })
      return Promise.resolve(new Response(body, { status: 200, headers: { 'content-type': recorded.contentType } }))
    }
    return readModel(suite.format.connect(recorded.provider, host(fetch)).stream(modelRequest()))
  }

  describe(`${name} keeps the contract of a model`, () => {
    it('streams text, thinking and parallel calls in order, and sums them up', async () => {
      const { events, end } = await ask(full)
      expect(end.stop).toBe('tool-use')
      expect(end.message.role).toBe('assistant')
      expect(end.message.model).toMatch(/\/test-model$/)
      expect(events.flatMap((event) => (event.type === 'text-delta' ? [event.text] : [])).join('')).toBe('Grüße, 世界 🎉!')
      expect(events.flatMap((event) => (event.type === 'thinking-delta' ? [event.text] : [])).join('')).toBe('Let me see.')
      expect(end.message.content[0]).toMatchObject({ type: 'thinking', text: 'Let me see.' })
      const calls = end.message.content.flatMap((part) => (part.type === 'tool-call' ? [part] : []))
      expect(calls.map((call) => [call.name, call.input])).toEqual(full.calls.map((call) => [call.name, JSON.parse(call.json)]))
      expect(new Set(calls.map((call) => call.id)).size).toBe(3)
      for (const call of calls) {
        expect(events.some((event) => event.type === 'tool-call-start' && event.id === call.id && event.name === call.name)).toBe(true)
        const json = events.flatMap((event) => (event.type === 'tool-call-delta' && event.id === call.id ? [event.json] : [])).join('')
        expect(json === '' ? {} : JSON.parse(json)).toEqual(call.input)
      }
    })

    it('reports usage with what came from the cache apart', async () => {
      const { end } = await ask(full)
      expect(end.usage).toEqual({ ...full.usage, ...(lacks.has('cache-write') ? { cacheWrite: 0 } : {}) })
    })

    it.each([['end', 'end'], ['length', 'length'], ['refusal', 'refusal']] as const)('tells the stop %s', async (stop, expected) => {
      const { end } = await ask({ ...full, calls: [], stop })
      expect(end.stop).toBe(expected)
      expect(end.fault?.class).toBe(expected === 'refusal' ? 'refusal' : undefined)
    })

    it('lets an empty answer be one', async () => {
      const { end } = await ask({ kind: 'answer', text: [], calls: [], usage: full.usage, stop: 'end' })
      expect(end).toMatchObject({ stop: 'end', message: { content: [] } })
    })

    if (!lacks.has('malformed')) {
      it.each(['{"path": "a', '[1]', 'not json', '"text"'])('keeps the call when its arguments are no JSON object: %s', async (json) => {
        const { end } = await ask({ ...full, calls: [{ name: 'read', json }] })
        expect(end.stop).toBe('tool-use')
        expect(end.message.content.find((part) => part.type === 'tool-call')).toMatchObject({ name: 'read', input: {}, malformed: json })
      })
    }

    it.each(statuses)('%s "%s" is %s', async (status, message, expected) => {
      const { end } = await ask({ kind: 'status', status, message })
      expect(end.stop).toBe('error')
      expect(end.fault).toMatchObject({ class: expected, status })
      expect(end.message.content).toEqual([])
    })

    it('reads how long to wait', async () => {
      expect((await ask({ kind: 'status', status: 429, message: 'slow down', headers: { 'retry-after': '7' } })).end.fault?.retryAfterMs).toBe(7000)
      expect((await ask({ kind: 'status', status: 429, message: 'slow down', headers: { 'retry-after-ms': '250' } })).end.fault?.retryAfterMs).toBe(250)
      expect((await ask({ kind: 'status', status: 429, message: 'Rate limit reached. Please try again in 1.5s.' })).end.fault?.retryAfterMs).toBe(1500)
      // A date, by the machine's clock: that may be set while the answer is under way.
      const later = (await ask({ kind: 'status', status: 503, message: 'busy', headers: { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() } })).end.fault?.retryAfterMs ?? 0
      expect(later).toBeGreaterThan(3_000_000)
      expect(later).toBeLessThan(4_200_000)
    })

    it('never repeats a credential a server quotes', async () => {
      const { end } = await ask({ kind: 'status', status: 401, message: 'Incorrect API key provided: sk-proj-abcdefghijklmnopqrstuvwxyz0123456789. See the docs.' })
      expect(end.fault?.class).toBe('auth_permanent')
      expect(end.fault?.message).not.toContain('abcdefghijklmnop')
    })

    it('makes a cut connection a network fault that holds what had arrived', async () => {
      const { end } = await ask({ kind: 'cut', text: ['half ', 'an '] })
      expect(end).toMatchObject({ stop: 'error', fault: { class: 'network' } })
      expect(end.message.content).toEqual([{ type: 'text', text: 'half an ' }])
    })

    it('makes an unreachable server a network fault', async () => {
      const peer = await suite.serve({ kind: 'hang', text: [] })
      await peer.close()
      const { end } = await readModel(suite.format.connect(peer.provider, host(peer.fetch)).stream(modelRequest()))
      expect(end).toMatchObject({ stop: 'error', fault: { class: 'network' }, message: { content: [] } })
    })

    it('hears of an overload in the middle of the stream', async () => {
      const { end } = await ask({ kind: 'overload', text: ['so ', 'far '] })
      expect(end).toMatchObject({ stop: 'error', fault: { class: 'overloaded' } })
      expect(end.message.content).toEqual([{ type: 'text', text: 'so far ' }])
    })

    it.each([[[]], [['some ', 'words ']]])('ends at once when aborted, after %j', async (text) => {
      const peer = await suite.serve({ kind: 'hang', text })
      const control = new AbortController()
      const seen: ModelEvent[] = []
      const stream = suite.format.connect(peer.provider, host(peer.fetch)).stream(modelRequest({ signal: control.signal }))
      if (text.length === 0) setImmediate(() => control.abort())
      for await (const event of stream) {
        seen.push(event)
        if (event.type === 'text-delta' && seen.map((each) => (each.type === 'text-delta' ? each.text : '')).join('') === text.join('')) control.abort()
      }
      await peer.close()
      const end = seen.at(-1)
      expect(end).toMatchObject({ type: 'end', stop: 'aborted', fault: { class: 'abort' } })
      expect(end?.type === 'end' ? end.message.content : undefined).toEqual(text.length === 0 ? [] : [{ type: 'text', text: text.join('') }])
    })

    it('ends when aborted even if the connection ignores it, and when aborted before it begins', async () => {
      const peer = await suite.serve({ kind: 'hang', text: [] })
      await peer.close()
      const deaf: typeof globalThis.fetch = () => new Promise(() => undefined)
      const control = new AbortController()
      const reading = readModel(suite.format.connect(peer.provider, host(deaf)).stream(modelRequest({ signal: control.signal })))
      setImmediate(() => control.abort())
      expect((await reading).end.stop).toBe('aborted')
      expect((await readModel(suite.format.connect(peer.provider, host(deaf)).stream(modelRequest({ signal: control.signal })))).end.stop).toBe('aborted')
    })

    it('leaves no connection behind when nobody reads on', async () => {
      const peer = await suite.serve({ kind: 'hang', text: ['one ', 'two '] })
      let inner: AbortSignal | null | undefined
      const fetch: typeof globalThis.fetch = (input, init) => {
        inner = init?.signal
        return peer.fetch(input, init)
      }
      for await (const event of suite.format.connect(peer.provider, host(fetch)).stream(modelRequest())) if (event.type === 'text-delta') break
      expect(inner?.aborted).toBe(true)
      await peer.close()
    })

    it('sends the same bytes for the same request, and reaches the network only through its host', async () => {
      const peer = await suite.serve(full)
      const sent: string[] = []
      const fetch: typeof globalThis.fetch = (input, init) => {
        sent.push(String(init?.body))
        return peer.fetch(input, init)
      }
      const model = suite.format.connect(peer.provider, host(fetch))
      const request = modelRequest({ messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }] })
      await readModel(model.stream(request))
      await readModel(model.stream({ ...(JSON.parse(JSON.stringify(request)) as ModelRequest), signal: request.signal }))
      await peer.close()
      expect(sent.length).toBeGreaterThanOrEqual(2)
      expect(new Set(sent).size).toBe(1)
    })

    it('gives the same events however the bytes are cut, but for where words are parted', async () => {
      const recorded = await record(full)
      const whole = await replay(recorded, [recorded.bytes])
      await fc.assert(fc.asyncProperty(fc.array(fc.nat({ max: recorded.bytes.length }), { maxLength: 40 }), async (cuts) => {
        const points = [0, ...[...new Set(cuts)].sort((a, b) => a - b), recorded.bytes.length]
        const pieces = points.slice(1).map((to, at) => recorded.bytes.slice(points[at], to)).filter((piece) => piece.length > 0)
        expect(joined((await replay(recorded, pieces)).events)).toEqual(joined(whole.events))
      }), { numRuns: 60 })
      const single = Array.from(recorded.bytes, (byte) => new Uint8Array([byte]))
      expect(joined((await replay(recorded, single)).events)).toEqual(joined(whole.events))
    })

    it('ends well wherever the stream breaks off, and never hands over half a call', async () => {
      const recorded = await record(full)
      const whole = (await replay(recorded, [recorded.bytes])).end
      await fc.assert(fc.asyncProperty(fc.nat({ max: recorded.bytes.length - 1 }), fc.boolean(), async (length, broken) => {
        const { end } = await replay(recorded, [recorded.bytes.slice(0, length)], broken)
        expect(end.fault?.class).toBe(end.stop === 'error' ? 'network' : undefined)
        const whatCalls = (message: typeof whole.message): string[] => message.content.flatMap((part) => (part.type === 'tool-call' ? [JSON.stringify(part)] : []))
        expect(whatCalls(whole.message)).toEqual(expect.arrayContaining(whatCalls(end.message)))
      }), { numRuns: 150 })
    })

    it('ends well whatever a server sends', async () => {
      const recorded = await record(full)
      const line = fc.oneof(
        fc.string(), fc.json().map((json) => `data: ${json}`), fc.constantFrom('data: [DONE]', 'data: {}', 'event: message_stop', ': comment', '', 'data: null', 'data: {"type":', 'data: {"choices":[null]}', 'data: {"candidates":[{}]}', 'retry: 5'),
      )
      await fc.assert(fc.asyncProperty(fc.array(line, { maxLength: 20 }), async (lines) => {
        await replay(recorded, [new TextEncoder().encode(`${lines.join('\n')}\n\n`)])
      }), { numRuns: 150 })
    })
  })
}

/** Events with words that followed each other as one: what comes in one piece is told in one. */
function joined(events: readonly ModelEvent[]): ModelEvent[] {
  const all: ModelEvent[] = []
  for (const event of events) {
    const before = all.at(-1)
    if ((event.type === 'text-delta' || event.type === 'thinking-delta') && before?.type === event.type) all[all.length - 1] = { ...before, text: before.text + event.text }
    else all.push(event)
  }
  return all
}
