import { memoryLogger, modelRequest, readModel, realClock } from '@moltbot/contract/testing'
import type { AssistantMessage, ModelFormat, ModelMessage, ModelRequest, Provider, ToolCallId } from '@moltbot/contract'
import { afterEach, describe, expect, it } from 'vitest'
import { callTool, fail, inOrder, say, startModelServer, think } from '../../test/fakes/model-servers/index.ts'
import type { ModelServer, Script, WireFormat } from '../../test/fakes/model-servers/index.ts'
import { formats } from './index.ts'

/** What goes over the wire, format by format: the cached prefix, thinking that goes back, images, marks, quirks. */

let server: ModelServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

const formatOf = (id: string): ModelFormat => {
  const found = formats.find((format) => format.id === id)
  if (found === undefined) throw new Error(id)
  return found
}

async function talk(api: WireFormat, script: Script, provider: Partial<Provider> = {}): Promise<(request: Partial<ModelRequest>) => Promise<AssistantMessage>> {
  server = await startModelServer(script)
  const model = formatOf(api).connect({ id: 'fake', baseUrl: server.baseUrl(api), headers: {}, compat: {}, ...provider }, { fetch: globalThis.fetch, clock: realClock, log: memoryLogger() })
  return async (request) => (await readModel(model.stream(modelRequest(request)))).end.message
}
const bodies = (): string[] => (server?.requests ?? []).map((request) => request.raw)
const body = (at = 0): Record<string, unknown> => server?.requests[at]?.body ?? {}

const user = (text: string): ModelMessage => ({ role: 'user', content: [{ type: 'text', text }] })
const toolResult = (message: AssistantMessage, text: string): ModelMessage[] => message.content.flatMap((part): ModelMessage[] => (
  part.type === 'tool-call' ? [{ role: 'tool', callId: part.id, name: part.name, isError: false, content: [{ type: 'text', text }] }] : []
))

describe.each(['anthropic-messages', 'openai-completions', 'openai-responses', 'google-generative-ai'] as const)('%s', (api) => {
  it('begins every request of a session with the bytes of the one before', async () => {
    const ask = await talk(api, inOrder([think('hm', 'sig'), say('I look.'), callTool('read', { path: 'x' }), callTool('read', { path: 'y' })], [say('It says z.')], [say('You are welcome.')]), api === 'anthropic-messages' ? { id: 'anthropic' } : {})
    const messages: ModelMessage[] = [user('What is in x?')]
    const first = await ask({ messages, sessionHint: 's-1' })
    messages.push(first, ...toolResult(first, 'z'))
    messages.push(await ask({ messages: structuredClone(messages), sessionHint: 's-1' }), user('Thanks'))
    await ask({ messages: structuredClone(messages), sessionHint: 's-1' })
    const sent = bodies()
    expect(sent).toHaveLength(3)
    for (let at = 1; at < sent.length; at++) {
      const before = sent[at - 1] ?? ''
      expect(before.endsWith(']}')).toBe(true)
      expect(sent[at]?.startsWith(before.slice(0, -2))).toBe(true)
    }
  })

  it('shows images of people and of tools', async () => {
    const ask = await talk(api, () => [say('a cat')])
    await ask({
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Look' }, { type: 'image', mimeType: 'image/png', data: 'AAAA' }] },
        { role: 'assistant', model: 'x/y', content: [{ type: 'tool-call', id: 'c1' as ToolCallId, name: 'read', input: { path: 'b.png' } }] },
        { role: 'tool', callId: 'c1' as ToolCallId, name: 'read', isError: false, content: [{ type: 'image', mimeType: 'image/jpeg', data: 'BBBB' }] },
      ],
    })
    const images = server?.requests[0]?.messages.flatMap((message) => message.images)
    expect(images).toEqual([{ mimeType: 'image/png', data: 'AAAA' }, { mimeType: 'image/jpeg', data: 'BBBB' }])
  })

  it('tells the model that a tool failed', async () => {
    const ask = await talk(api, () => [say('sorry')])
    await ask({
      messages: [user('go'), { role: 'assistant', model: 'x/y', content: [{ type: 'tool-call', id: 'c1' as ToolCallId, name: 'read', input: {} }] }, { role: 'tool', callId: 'c1' as ToolCallId, name: 'read', isError: true, content: [{ type: 'text', text: 'no such file' }] }],
    })
    expect(server?.requests[0]?.messages.at(-1)).toMatchObject({ role: 'tool', isError: true })
  })

  it('gives ids unique in the conversation even when the server counts anew', async () => {
    const ask = await talk(api, () => [callTool('read', { path: 'x' }, { id: 'call_0' })])
    const messages: ModelMessage[] = [user('go')]
    const first = await ask({ messages })
    messages.push(first, ...toolResult(first, 'z'))
    const second = await ask({ messages: structuredClone(messages) })
    const ids = [first, second].flatMap((message) => message.content.flatMap((part) => (part.type === 'tool-call' ? [part.id] : [])))
    expect(new Set(ids).size).toBe(2)
  })

  it('sends thinking back to the model it came from and to no other', async () => {
    const ask = await talk(api, inOrder([think('secret thoughts', 'sig-42'), say('Yes.')], [say('Yes.')], [say('Yes.')]))
    const first = await ask({ messages: [user('Sure?')], thinking: 'high' })
    const messages = [user('Sure?'), first, user('Really?')]
    await ask({ messages, thinking: 'high' })
    await ask({ messages, thinking: 'high', model: 'another-model' })
    const mark = api === 'openai-completions' ? 'secret thoughts' : 'sig-42'
    expect(bodies()[1]).toContain(mark)
    expect(bodies()[2]).not.toContain(mark)
    expect(bodies()[2]).not.toContain('secret thoughts')
  })

  it('lists the provider\'s models', async () => {
    server = await startModelServer(() => [], { models: ['b-model', 'a-model'] })
    const model = formatOf(api).connect({ id: 'fake', baseUrl: server.baseUrl(api), headers: {}, compat: {} }, { fetch: globalThis.fetch, clock: realClock, log: memoryLogger() })
    expect((await model.list?.(new AbortController().signal))?.map((info) => info.id)).toEqual(['b-model', 'a-model'])
    await server.close()
    await expect(model.list?.(new AbortController().signal)).rejects.toMatchObject({ code: 'models-list-failed' })
  })
})

describe('anthropic-messages', () => {
  it('marks what may be cached: system, tools, and the whole request or its last block', async () => {
    const ask = await talk('anthropic-messages', () => [say('ok')], { id: 'anthropic' })
    await ask({ cache: 'long' })
    expect(body()).toMatchObject({ cache_control: { type: 'ephemeral', ttl: '1h' }, system: [{ cache_control: { ttl: '1h' } }], tools: [{ cache_control: { type: 'ephemeral' } }] })
    await server?.close()
    const other = await talk('anthropic-messages', () => [say('ok')])
    await other({ cache: 'short', messages: [user('one'), { role: 'assistant', model: 'fake/test-model', content: [{ type: 'text', text: 'two' }] }, user('three')] })
    expect(body()['cache_control']).toBeUndefined()
    expect(body()['messages']).toMatchObject([{ content: [{ text: 'one' }] }, {}, { content: [{ text: 'three', cache_control: { type: 'ephemeral' } }] }])
    await other({ cache: 'none' })
    expect(bodies()[1]).not.toContain('cache_control')
  })

  it.each([
    ['claude-sonnet-4-5', 'off', {}],
    ['claude-sonnet-4-5', 'medium', { thinking: { type: 'enabled', budget_tokens: 8192 } }],
    ['claude-opus-4-6', 'xhigh', { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'high' } }],
    ['claude-opus-4-7', 'xhigh', { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'xhigh' } }],
    ['claude-opus-4-8', 'off', {}],
    ['claude-sonnet-5', 'off', { thinking: { type: 'disabled' } }],
    ['claude-sonnet-5-5', 'off', { thinking: { type: 'between_tools' } }],
    ['claude-haiku-5-5', 'off', { thinking: { type: 'disabled' } }],
    ['claude-opus-5', 'off', { thinking: { type: 'disabled' } }],
    ['claude-opus-5-5', 'off', { output_config: { effort: 'low' } }],
    ['claude-fable-5-1', 'off', { output_config: { effort: 'low' } }],
    ['claude-sonnet-5-5', 'minimal', { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'low' } }],
    ['claude-haiku-4-5-20251001', 'low', { thinking: { type: 'enabled', budget_tokens: 2048 } }],
  ] as const)('%s thinking %s', async (model, thinking, expected) => {
    const ask = await talk('anthropic-messages', () => [say('ok')])
    await ask({ model, thinking, maxOutputTokens: 20_000 })
    const { thinking: sent, output_config } = body()
    expect({ ...(sent === undefined ? {} : { thinking: sent }), ...(output_config === undefined ? {} : { output_config }) }).toEqual(expected)
  })

  it('returns redacted thinking unchanged', async () => {
    const ask = await talk('anthropic-messages', inOrder([{ kind: 'redacted-thinking', data: 'b64==' }, say('Yes.')], [say('Yes.')]))
    const first = await ask({ messages: [user('Sure?')] })
    await ask({ messages: [user('Sure?'), first, user('Really?')] })
    expect(body(1)['messages']).toMatchObject([{}, { content: [{ type: 'redacted_thinking', data: 'b64==' }, { type: 'text' }] }, {}])
  })

  it('asks once more without thinking when the provider no longer takes it', async () => {
    const ask = await talk('anthropic-messages', inOrder([think('hm', 'sig'), say('Yes.')], [fail(400, 'messages.1.content.0: Invalid `signature` in `thinking` block')], [say('Still yes.')]))
    const first = await ask({ messages: [user('Sure?')] })
    const second = await ask({ messages: [user('Sure?'), first, user('Really?')] })
    expect(second.content).toEqual([{ type: 'text', text: 'Still yes.' }])
    expect(bodies()).toHaveLength(3)
    expect(bodies()[2]).not.toContain('"sig"')
  })
})

describe('openai formats', () => {
  it.each([
    ['gpt-4.1', 'off', undefined], ['gpt-4.1', 'high', undefined], ['o3', 'off', 'low'], ['o3', 'high', 'high'], ['gpt-5', 'off', 'minimal'], ['gpt-5', 'minimal', 'minimal'], ['gpt-5.1', 'off', 'none'],
    ['gpt-5.1', 'xhigh', 'high'], ['gpt-5.6-terra', 'xhigh', 'xhigh'], ['gpt-6.1-terra', 'off', 'none'], ['gpt-6.1-sol', 'off', 'low'], ['gpt-6.1-sol', 'medium', 'medium'], ['gpt-5.2-chat-latest', 'high', undefined],
  ] as const)('%s thinking %s', async (model, thinking, effort) => {
    const ask = await talk('openai-responses', () => [say('ok')])
    await ask({ model, thinking })
    expect((body()['reasoning'] as { effort?: string } | undefined)?.effort).toBe(effort)
  })

  it('fits what compatible servers know', async () => {
    const ask = await talk('openai-completions', () => [say('ok')], { compat: { maxTokensField: 'max_completion_tokens', supportsDeveloperRole: true, supportsStore: true } })
    await ask({})
    expect(body()).toMatchObject({ max_completion_tokens: 1000, store: false, messages: [{ role: 'developer' }, {}] })
    await server?.close()
    const mistral = await talk('openai-completions', () => [say('ok')], { id: 'mistral' })
    await mistral({ thinking: 'high', messages: [user('go'), { role: 'assistant', model: 'x/y', content: [{ type: 'tool-call', id: 'toolu_01XYZ' as ToolCallId, name: 'read', input: {} }] }] })
    expect(body()).toMatchObject({ max_tokens: 1000 })
    expect(bodies()[0]).not.toMatch(/stream_options|reasoning_effort|store/)
    expect(server?.requests[0]?.messages.find((message) => message.role === 'tool')?.callId).toMatch(/^[a-z0-9]{9}$/)
  })

  it('understands servers that give every parallel call the same index, arguments as objects, or everything at once', async () => {
    const chunk = (delta: unknown, finish: string | null = null): string => `data: ${JSON.stringify({ id: 'x', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
    const ask = await talk('openai-completions', () => [{
      kind: 'raw',
      bytes: chunk({ tool_calls: [{ index: 0, id: 'a', function: { name: 'read', arguments: { path: '1' } } }] }) + chunk({ tool_calls: [{ index: 0, id: 'b', function: { name: 'list', arguments: '{"path":"2"}' } }] }) + chunk({}, 'stop') + 'data: [DONE]',
    }])
    expect((await ask({})).content).toMatchObject([{ id: 'a', name: 'read', input: { path: '1' } }, { id: 'b', name: 'list', input: { path: '2' } }])
  })

  it('keeps encrypted reasoning with its item and asks again without it when it is refused', async () => {
    const ask = await talk('openai-responses', inOrder([think('hm', 'enc-1'), say('Yes.')], [fail(400, 'The encrypted content for item rs_1 could not be verified.', { type: 'invalid_encrypted_content' })], [say('Yes!')]))
    const first = await ask({ messages: [user('Sure?')] })
    await ask({ messages: [user('Sure?'), first, user('Really?')] })
    expect(body(1)['input']).toMatchObject([{}, { type: 'reasoning', encrypted_content: 'enc-1' }, { type: 'message' }, {}])
    expect(body(2)['input']).toMatchObject([{}, { type: 'message' }, {}])
    expect(body(0)).toMatchObject({ store: false, include: ['reasoning.encrypted_content'] })
  })
})

describe('requests a server will not have as they are', () => {
  it.each([
    ['anthropic-messages', 'claude-opus-9', '"thinking.type.adaptive" is not supported for this model.', /"thinking"|output_config/],
    ['openai-responses', 'gpt-9', "Unsupported value: 'reasoning.effort' does not support 'high' with this model.", /"effort"/],
    ['openai-completions', 'm', 'Unrecognized request argument supplied: reasoning_effort', /reasoning_effort/],
    ['openai-completions', 'm', "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", /"max_tokens"/],
    ['openai-completions', 'm', 'stream_options: extra fields not permitted', /stream_options/],
  ] as const)('%s %s: "%s" is asked once more without', async (api, model, words, gone) => {
    const ask = await talk(api, inOrder([fail(400, words)], [say('ok')]))
    expect((await ask({ model, thinking: 'high', maxOutputTokens: 20_000 })).content).toEqual([{ type: 'text', text: 'ok' }])
    expect(bodies()).toHaveLength(2)
    expect(bodies()[0]).toMatch(gone)
    expect(bodies()[1]).not.toMatch(gone)
  })
})

describe('thinking between tags', () => {
  const chunk = (content: string): string => `data: ${JSON.stringify({ id: 'x', choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`
  it.each([
    ['<think>\nhm</think>\n\nYes.', '\nhm', 'Yes.'], ['Yes <think>no</think>', '', 'Yes <think>no</think>'], ['<thin air>', '', '<thin air>'], ['<think>never closed', 'never closed', ''], ['<', '', '<'], ['  <think></think>x', '', 'x'], ['a < b', '', 'a < b'],
  ])('%j', async (text, thinking, words) => {
    for (const size of [1, 3, 100]) {
      const bytes = `${(text.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? []).map(chunk).join('')}data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`
      const ask = await talk('openai-completions', () => [{ kind: 'raw', bytes }])
      const { content } = await ask({})
      expect([content.flatMap((part) => (part.type === 'thinking' ? [part.text] : [])).join(''), content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('')]).toEqual([thinking, words])
      await server?.close()
    }
  })
})

describe('google-generative-ai', () => {
  it('returns signatures of calls, and vouches for calls of other models', async () => {
    const ask = await talk('google-generative-ai', inOrder([callTool('read', { path: 'x' }, { signature: 'sig-g' })], [say('ok')], [say('ok')]))
    const first = await ask({ model: 'gemini-3.8-flash', messages: [user('go')] })
    await ask({ model: 'gemini-3.8-flash', messages: [user('go'), first, ...toolResult(first, 'z')] })
    expect(body(1)['contents']).toMatchObject([{}, { parts: [{ functionCall: { name: 'read' }, thoughtSignature: 'sig-g' }] }, { parts: [{ functionResponse: { response: { output: 'z' } } }] }])
    await ask({ model: 'gemini-3.9-pro', messages: [user('go'), first, ...toolResult(first, 'z')] })
    expect(body(2)['contents']).toMatchObject([{}, { parts: [{ thoughtSignature: 'skip_thought_signature_validator' }] }, {}])
  })
})
