import OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import type { AgentEvent, SessionKey, TurnId, TurnOutcome } from '@moltbot/contract'
import type { RunningTurn } from '../../journey/sessions/types.ts'
import { runDoor, testToken, type RunningDoor } from '../testing/test-client.ts'
import type { Submitted } from '../testing/fake-rooms.ts'

let running: RunningDoor | undefined
afterEach(async () => {
  await running?.close()
  running = undefined
})
const start = async (options: Parameters<typeof runDoor>[0] = {}): Promise<RunningDoor> => (running = await runDoor(options))
const client = (door: RunningDoor, apiKey = testToken): OpenAI => new OpenAI({ apiKey, baseURL: `${door.url}/v1`, maxRetries: 0 })

const usage = { input: 10, output: 5, cacheRead: 2, cacheWrite: 0 }
const assistant = (text: string): AgentEvent => ({ type: 'assistant-end', message: { role: 'assistant', model: 'builtin/assistant', content: [{ type: 'text', text }] }, usage, stop: 'end', model: 'builtin/assistant' })

/** Plays one turn on the feed as soon as a message is put in. */
function answering(door: RunningDoor, play: (turn: RunningTurn, message: Submitted, tell: (event: AgentEvent) => void) => TurnOutcome | undefined): void {
  const { http } = door.rooms.fakeDoors
  const { answer } = http
  let turns = 0
  http.answer = (message) => {
    const receipt = answer(message)
    setImmediate(() => {
      const key = message.session as SessionKey
      const turn: RunningTurn = { id: `tn${++turns}` as TurnId, key, startedAt: 0, model: null, messages: [{ inbox: 'in' as never, platformId: message.id }] }
      door.rooms.state.running.push(turn)
      const session = door.rooms.session(key)
      const tell = (event: AgentEvent): void => door.rooms.emit({ kind: 'turn', turn, sessionId: session.id, event, at: 0 })
      tell({ type: 'turn-start' })
      const outcome = play(turn, message, tell)
      if (outcome !== undefined) door.rooms.emit({ kind: 'turn-settled', turn, outcome, at: 0 })
    })
    return receipt
  }
}

describe('the official client', () => {
  it('lists the models', async () => {
    const door = await start()
    const names: string[] = []
    for await (const model of client(door).models.list()) names.push(model.id)
    expect(names).toEqual(['moltbot', 'moltbot:main'])
    expect(await client(door).models.retrieve('moltbot:main')).toMatchObject({ id: 'moltbot:main', owned_by: 'moltbot' })
    await expect(client(door, 'wrong').models.list()).rejects.toMatchObject({ status: 401 })
  })

  it('gets an answer with what it cost', async () => {
    const door = await start()
    answering(door, (_turn, message, tell) => {
      tell({ type: 'text-delta', text: `You said ${message.text}` })
      tell(assistant(`You said ${message.text}`))
      return { kind: 'answered', text: `You said ${message.text}` }
    })
    const completion = await client(door).chat.completions.create({ model: 'moltbot', messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'hello' }] })
    expect(completion).toMatchObject({
      object: 'chat.completion', model: 'moltbot',
      choices: [{ index: 0, message: { role: 'assistant', content: 'You said hello' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17 },
    })
    expect(door.rooms.fakeDoors.http.submitted).toMatchObject([{ text: 'hello', sender: { id: 'owner' }, wishes: { commands: false, instructions: 'Be brief.' }, session: expect.stringMatching(/^agent:main:openai:/) }])
  })

  it('streams it, with the cost last when asked', async () => {
    const door = await start()
    answering(door, (_turn, _message, tell) => {
      tell({ type: 'model-start', model: 'm' })
      tell({ type: 'text-delta', text: 'Looking' })
      tell(assistant('Looking'))
      tell({ type: 'model-start', model: 'm' })
      for (const text of ['Hel', 'lo']) tell({ type: 'text-delta', text })
      tell(assistant('Hello'))
      return { kind: 'answered', text: 'Hello' }
    })
    const stream = await client(door).chat.completions.create({ model: 'moltbot:main', stream: true, stream_options: { include_usage: true }, messages: [{ role: 'user', content: 'hi' }] })
    let text = ''
    const finishes: (string | null)[] = []
    let tokens: number | undefined
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? ''
      if (chunk.choices[0]?.finish_reason != null) finishes.push(chunk.choices[0].finish_reason)
      tokens = chunk.usage?.total_tokens ?? tokens
    }
    expect([text, finishes, tokens]).toEqual(['Looking\n\nHello', ['stop'], 34])
  })

  it('works with the client\'s own stream helper', async () => {
    const door = await start()
    answering(door, (_turn, _message, tell) => {
      tell({ type: 'text-delta', text: 'Hi' })
      return { kind: 'answered', text: 'Hi' }
    })
    const final = await client(door).chat.completions.stream({ model: 'moltbot', messages: [{ role: 'user', content: 'hi' }] }).finalContent()
    expect(final).toBe('Hi')
  })

  it('keeps one session per user and none otherwise', async () => {
    const door = await start()
    answering(door, () => ({ kind: 'answered', text: 'ok' }))
    const ask = (user: string | undefined): Promise<unknown> => client(door).chat.completions.create({
      model: 'clawdbot:main', ...(user === undefined ? {} : { user }),
      messages: [{ role: 'user', content: 'one' }, { role: 'assistant', content: 'two' }, { role: 'user', content: 'three' }],
    })
    await ask('Anna@Home')
    await ask('Anna@Home')
    await ask('ein Satz mit Leerzeichen')
    await ask(undefined)
    await ask(undefined)
    const submitted = door.rooms.fakeDoors.http.submitted
    const keys = submitted.map((message) => message.session)
    expect(keys.slice(0, 2)).toEqual(['agent:main:openai-user:anna@home', 'agent:main:openai-user:anna@home'])
    expect(keys[2]).toMatch(/^agent:main:openai-user:[0-9a-f]{32}$/)
    expect(keys[3]).not.toBe(keys[4])
    expect(submitted[0]?.text).toBe('three')
    expect(submitted[3]?.text).toBe('[Earlier in this conversation]\nUser: one\n\nAssistant: two\n\n[Now]\nthree')
  })

  it('sends images along and flattens tool results', async () => {
    const door = await start()
    answering(door, () => ({ kind: 'answered', text: 'ok' }))
    await client(door).chat.completions.create({
      model: 'gpt-4o',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'what is this' }, { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] }, { role: 'tool', tool_call_id: 'x', content: '42' }],
    })
    expect(door.rooms.fakeDoors.http.submitted[0]).toMatchObject({ text: 'what is this\n\nTool result: 42', attachments: [{ kind: 'image', mimeType: 'image/png', data: 'AAAA', sizeBytes: 3 }] })
  })

  it('hears failures as its own kinds of error, also in the middle of a stream', async () => {
    const door = await start()
    answering(door, (_turn, message, tell) => {
      if (message.text === 'stream') tell({ type: 'text-delta', text: 'part' })
      return { kind: 'failed', text: '', fault: { class: message.text === 'slow' ? 'rate_limit' : 'server_error', message: 'The provider failed.' } }
    })
    const create = (content: string): Promise<unknown> => client(door).chat.completions.create({ model: 'moltbot', messages: [{ role: 'user', content }] })
    await expect(create('x')).rejects.toMatchObject({ status: 500, message: expect.stringContaining('The provider failed. Try again in a moment.') })
    await expect(create('slow')).rejects.toMatchObject({ status: 429 })
    const stream = await client(door).chat.completions.create({ model: 'moltbot', stream: true, messages: [{ role: 'user', content: 'stream' }] })
    await expect((async () => { for await (const _ of stream) continue })()).rejects.toThrow('The provider failed.')
  })

  it('is told what is wrong with its request', async () => {
    const door = await start()
    const create = (body: Record<string, unknown>): Promise<unknown> => client(door).chat.completions.create(body as never)
    await expect(create({ model: 'moltbot', messages: [{ role: 'system', content: 'x' }] })).rejects.toMatchObject({ status: 400, message: expect.stringContaining('Missing user message in `messages`. Send one') })
    await expect(create({ model: 'moltbot:nobody', messages: [{ role: 'user', content: 'x' }] })).rejects.toMatchObject({ status: 404, code: 'model_not_found', message: expect.stringContaining('There is no agent "nobody". Ask GET /v1/models') })
    await expect(create({ model: 'moltbot', messages: 'x' })).rejects.toMatchObject({ status: 400 })
    await expect(create({ model: 'moltbot', messages: [{ role: 'user', content: 'x'.repeat(1_100_000) }] })).rejects.toMatchObject({ status: 413 })
    expect(door.rooms.fakeDoors.http.submitted).toEqual([])
  })

  it('stops the turn when the client hangs up', async () => {
    const door = await start()
    const hungUp = new AbortController()
    answering(door, (_turn, _message, tell) => void tell({ type: 'text-delta', text: 'a' }))
    const stopped = new Promise<TurnOutcome>((resolve) => door.rooms.sessions.feed.subscribe((item) => item.kind === 'turn-settled' && resolve(item.outcome)))
    const stream = await client(door).chat.completions.create({ model: 'moltbot', stream: true, messages: [{ role: 'user', content: 'x' }] }, { signal: hungUp.signal })
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content === 'a') break
    hungUp.abort()
    expect((await stopped).kind).toBe('aborted')
    expect(door.rooms.state.aborts).toMatchObject([{ turn: 'tn1' }])
  })

  it('answers a repeated request from the first one\'s outcome', async () => {
    const door = await start()
    let turns = 0
    answering(door, (_turn, message) => {
      turns += 1
      door.rooms.state.outcomes.set(message.id, { turnId: 'tn1' as TurnId, end: 'answered', detail: null, startedAt: 0, endedAt: 1, text: 'once', usage, model: 'm' })
      return { kind: 'answered', text: 'once' }
    })
    const { http } = door.rooms.fakeDoors
    const first = http.answer
    const ask = (): Promise<OpenAI.ChatCompletion> => client(door).chat.completions.create({ model: 'moltbot', messages: [{ role: 'user', content: 'x' }] }, { headers: { 'idempotency-key': 'again' } })
    await ask()
    http.answer = () => ({ kind: 'duplicate', id: 'in1' as never })
    expect((await ask()).choices[0]?.message.content).toBe('once')
    expect(turns).toBe(1)
    expect(http.submitted[0]?.id).toBe(http.submitted[1]?.id)
    expect(first).not.toBe(http.answer)
  })

  it('is not served when switched off', async () => {
    const door = await start({ config: { http: { endpoints: { chatCompletions: { enabled: false } } } } })
    await expect(client(door).models.list()).rejects.toMatchObject({ status: 404 })
  })
})
