import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { callTool, cut, fail, hang, say, wireFormats } from '../fakes/model-servers/index.ts'
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts'

let at: TestGateway
let client: OpenAI
beforeAll(async () => {
  at = await startTestGateway({
    telegram: false,
    script: (request) => {
      const last = request.messages.at(-1)
      if (last?.role === 'tool') return [say('It is written down.')]
      if (request.lastUserText.includes('write it down')) return [say('One moment. '), callTool('write', { path: 'openai.txt', text: 'from a client' })]
      if (request.lastUserText.includes('take for ever')) return [say('It starts and '), hang]
      if (request.lastUserText.includes('break off')) return [say('It starts and '), cut]
      if (request.lastUserText.includes('be refused')) return [fail(400, 'prompt is too long: 200000 tokens > 100000 maximum', { type: 'invalid_request_error' })]
      return [say(`You said: ${request.lastUserText}`)]
    },
  })
  client = new OpenAI({ apiKey: at.token, baseURL: `http://127.0.0.1:${at.gateway.port}/v1`, maxRetries: 0 })
})
afterAll(() => at.close())

const user = (content: string): { role: 'user'; content: string }[] => [{ role: 'user', content }]

describe('the official OpenAI client against the whole gateway', () => {
  it('lists models and is refused without the token', async () => {
    const names: string[] = []
    for await (const model of client.models.list()) names.push(model.id)
    expect(names).toContain('moltbot')
    const stranger = new OpenAI({ apiKey: 'not-the-token', baseURL: client.baseURL, maxRetries: 0 })
    await expect(stranger.models.list()).rejects.toMatchObject({ status: 401 })
    await expect(stranger.chat.completions.create({ model: 'moltbot', messages: user('hi') })).rejects.toMatchObject({ status: 401 })
    expect(at.model.requests).toHaveLength(0)
  })

  it('gets an answer in one piece, with what it cost', async () => {
    const completion = await client.chat.completions.create({ model: 'moltbot', messages: [{ role: 'system', content: 'Answer in a word.' }, ...user('hello')] })
    expect(completion.choices[0]?.message.content).toBe('You said: hello')
    expect(completion.choices[0]?.finish_reason).toBe('stop')
    expect(completion.usage?.total_tokens).toBeGreaterThan(0)
    expect(at.model.requests.at(-1)?.system).toContain('Answer in a word.')
  })

  it('streams an answer over a tool call, and the tool ran', async () => {
    const stream = await client.chat.completions.create({ model: 'moltbot', stream: true, stream_options: { include_usage: true }, messages: user('write it down') })
    let text = ''
    let pieces = 0
    const finishes: string[] = []
    let tokens = 0
    for await (const chunk of stream) {
      const piece = chunk.choices[0]?.delta.content ?? ''
      if (piece !== '') pieces += 1
      text += piece
      if (chunk.choices[0]?.finish_reason != null) finishes.push(chunk.choices[0].finish_reason)
      tokens = chunk.usage?.total_tokens ?? tokens
    }
    expect(text).toContain('One moment.')
    expect(text).toContain('It is written down.')
    expect(pieces).toBeGreaterThan(1)
    expect(finishes).toEqual(['stop'])
    expect(tokens).toBeGreaterThan(0)
    expect(await at.gateway.rooms.store.read.all('SELECT name, state FROM tool_calls')).toMatchObject([{ name: 'write', state: 'finished' }])
  })

  it('keeps a conversation per user and none without', async () => {
    await client.chat.completions.create({ model: 'moltbot', user: 'anna', messages: user('my number is 7') })
    await client.chat.completions.create({ model: 'moltbot', user: 'anna', messages: user('what was it?') })
    expect(at.model.requests.at(-1)?.raw).toContain('my number is 7')
    await client.chat.completions.create({ model: 'moltbot', messages: user('and for a stranger?') })
    expect(at.model.requests.at(-1)?.raw).not.toContain('my number is 7')
  })

  it('that goes away in the middle stops the turn', async () => {
    const stream = await client.chat.completions.create({ model: 'moltbot', stream: true, messages: user('take for ever') })
    for await (const chunk of stream) if ((chunk.choices[0]?.delta.content ?? '') !== '') break
    stream.controller.abort()
    await at.quiet()
    const [turn] = await at.gateway.rooms.store.read.all('SELECT outcome FROM turns ORDER BY started_at DESC, id DESC LIMIT 1')
    expect(turn).toMatchObject({ outcome: 'aborted' })
    await vi.waitUntil(() => at.model.requests.at(-1)?.hungUp.aborted === true, { timeout: 60_000 })
  })

  it('reads no word twice when the answer breaks off: what was streamed cannot be taken back', async () => {
    const from = at.model.requests.length
    const stream = await client.chat.completions.create({ model: 'moltbot', stream: true, messages: user('break off') })
    let text = ''
    await expect((async () => { for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '' })()).rejects.toThrow()
    expect(text.trim()).toBe('It starts and')
    expect(at.model.requests.length - from).toBe(1)
  })

  it('hears in its own terms what went wrong', async () => {
    await expect(client.chat.completions.create({ model: 'moltbot', messages: user('be refused') })).rejects.toMatchObject({ status: 400, code: 'context_length_exceeded' })
    await expect(client.chat.completions.create({ model: 'moltbot:nobody', messages: user('hi') })).rejects.toMatchObject({ status: 404 })
    await expect(client.chat.completions.create({ model: 'moltbot', messages: [] })).rejects.toMatchObject({ status: 400 })
  })
})

describe.each(wireFormats)('with a model behind the gateway that speaks %s', (format) => {
  it('the answer is the same', async () => {
    const other = await startTestGateway({ telegram: false, format, script: (request) => [say(`You said: ${request.lastUserText}`)] })
    try {
      const openai = new OpenAI({ apiKey: other.token, baseURL: `http://127.0.0.1:${other.gateway.port}/v1`, maxRetries: 0 })
      expect(await openai.chat.completions.stream({ model: 'moltbot', messages: user('hello') }).finalContent()).toBe('You said: hello')
    } finally {
      await other.close()
    }
  })
})
