import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import { callTool, cut, echoModel, fail, inOrder, obedientModel, say, startModelServer, think, usage } from './index.ts'
import type { ModelServer, Script } from './index.ts'

let server: ModelServer | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})
async function start(script: Script, chunkBytes?: number): Promise<ModelServer> {
  server = await startModelServer(script, chunkBytes === undefined ? {} : { chunkBytes })
  return server
}

const answer: Script = () => [think('Hmm, let me see.', 'sig-1'), say('It is sunny in Köln ☀.'), callTool('read', { path: 'a/ä.md', limit: 3 }), callTool('list', { path: '.' }), usage(11, 22, 33, 44)]
const parameters = { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] }

describe('the official SDKs understand the fakes', () => {
  it('@anthropic-ai/sdk', async () => {
    const { baseUrl, requests } = await start(answer, 5)
    const client = new Anthropic({ apiKey: 'k-anthropic', authToken: null, baseURL: baseUrl('anthropic-messages'), maxRetries: 0 })
    const message = await client.messages.stream({
      model: 'claude-test', max_tokens: 100, system: 'Be kind.', messages: [{ role: 'user', content: 'Weather?' }],
      tools: [{ name: 'read', description: 'Reads.', input_schema: parameters as Anthropic.Tool.InputSchema }],
    }).finalMessage()
    expect(message.content.map((block) => block.type)).toEqual(['thinking', 'text', 'tool_use', 'tool_use'])
    expect(message.content[0]).toMatchObject({ thinking: 'Hmm, let me see.', signature: 'sig-1' })
    expect(message.content[1]).toMatchObject({ text: 'It is sunny in Köln ☀.' })
    expect(message.content[2]).toMatchObject({ name: 'read', input: { path: 'a/ä.md', limit: 3 } })
    expect(message.stop_reason).toBe('tool_use')
    expect(message.usage).toMatchObject({ input_tokens: 11, output_tokens: 22, cache_read_input_tokens: 33, cache_creation_input_tokens: 44 })
    expect(requests[0]).toMatchObject({ format: 'anthropic-messages', model: 'claude-test', system: 'Be kind.', lastUserText: 'Weather?', tools: [{ name: 'read' }] })
    expect(`${requests[0]?.headers['x-api-key']} ${requests[0]?.headers['authorization']}`.includes('k-anthropic')).toBe(true)
  })

  it('openai chat completions', async () => {
    const { baseUrl, requests } = await start(answer, 7)
    const client = new OpenAI({ apiKey: 'k', baseURL: baseUrl('openai-completions'), maxRetries: 0 })
    const runner = client.chat.completions.stream({
      model: 'gpt-test', stream_options: { include_usage: true }, messages: [{ role: 'system', content: 'Be kind.' }, { role: 'user', content: 'Weather?' }],
      tools: [{ type: 'function', function: { name: 'read', parameters } }, { type: 'function', function: { name: 'list', parameters } }],
    })
    const completion = await runner.finalChatCompletion()
    const message = completion.choices[0]?.message
    expect(message?.content).toBe('It is sunny in Köln ☀.')
    expect(message?.tool_calls?.map((call) => (call.type === 'function' ? [call.function.name, JSON.parse(call.function.arguments)] : []))).toEqual([['read', { path: 'a/ä.md', limit: 3 }], ['list', { path: '.' }]])
    expect(completion.choices[0]?.finish_reason).toBe('tool_calls')
    expect(completion.usage).toMatchObject({ prompt_tokens: 88, completion_tokens: 22 })
    expect(requests[0]).toMatchObject({ system: 'Be kind.', lastUserText: 'Weather?' })
  })

  it('openai responses', async () => {
    const { baseUrl, requests } = await start(answer, 9)
    const client = new OpenAI({ apiKey: 'k', baseURL: baseUrl('openai-responses'), maxRetries: 0 })
    const response = await client.responses.stream({
      model: 'gpt-test', instructions: 'Be kind.', input: 'Weather?', tools: [{ type: 'function', name: 'read', parameters, strict: false }],
    }).finalResponse()
    expect(response.output.map((item) => item.type)).toEqual(['reasoning', 'message', 'function_call', 'function_call'])
    expect(response.output_text).toBe('It is sunny in Köln ☀.')
    expect(response.output[2]).toMatchObject({ name: 'read', arguments: '{"path":"a/ä.md","limit":3}' })
    expect(response.usage).toMatchObject({ input_tokens: 88, output_tokens: 22 })
    expect(requests[0]).toMatchObject({ system: 'Be kind.', lastUserText: 'Weather?' })
  })

  it('@google/genai', async () => {
    const { baseUrl, requests } = await start(answer, 11)
    const client = new GoogleGenAI({ apiKey: 'k-google', httpOptions: { baseUrl: baseUrl('google-generative-ai').replace(/\/v1beta$/, ''), apiVersion: 'v1beta' } })
    const stream = await client.models.generateContentStream({
      model: 'gemini-test', contents: 'Weather?', config: { systemInstruction: 'Be kind.', tools: [{ functionDeclarations: [{ name: 'read', parametersJsonSchema: parameters }] }] },
    })
    let text = ''
    const calls: unknown[] = []
    let last
    for await (const chunk of stream) {
      for (const part of chunk.candidates?.[0]?.content?.parts ?? []) if (part.text !== undefined && part.thought !== true) text += part.text
      calls.push(...(chunk.functionCalls ?? []).map((call) => [call.name, call.args]))
      last = chunk
    }
    expect(text).toBe('It is sunny in Köln ☀.')
    expect(calls).toEqual([['read', { path: 'a/ä.md', limit: 3 }], ['list', { path: '.' }]])
    expect(last?.candidates?.[0]?.finishReason).toBe('STOP')
    expect(last?.usageMetadata).toMatchObject({ promptTokenCount: 44, candidatesTokenCount: 22 })
    expect(requests[0]).toMatchObject({ model: 'gemini-test', system: 'Be kind.', lastUserText: 'Weather?', tools: [{ name: 'read' }] })
  })

  it('sees errors with their status and headers, and cut connections', async () => {
    const { baseUrl } = await start(inOrder([fail(429, 'slow down', { headers: { 'retry-after': '7' } })], [say('half an ans'), cut]))
    const client = new Anthropic({ apiKey: 'k', authToken: null, baseURL: baseUrl('anthropic-messages'), maxRetries: 0 })
    const ask = (): Promise<unknown> => client.messages.stream({ model: 'm', max_tokens: 10, messages: [{ role: 'user', content: 'x' }] }).finalMessage()
    await expect(ask()).rejects.toMatchObject({ status: 429, error: { error: { type: 'rate_limit_error' } } })
    await expect(ask()).rejects.toThrow(/terminated|connection|socket|ended/i)
  })
})

describe('ready scripts', () => {
  it('the obedient model carries out calls it is told, and then says what came back', async () => {
    const { baseUrl } = await start(obedientModel())
    const client = new OpenAI({ apiKey: 'k', baseURL: baseUrl('openai-completions'), maxRetries: 0 })
    const order = 'Please ```tool {"name":"write","input":{"path":"x","text":"y"}}``` now'
    const first = await client.chat.completions.stream({ model: 'm', messages: [{ role: 'user', content: order }] }).finalMessage()
    expect(first.tool_calls?.[0]).toMatchObject({ function: { name: 'write', arguments: '{"path":"x","text":"y"}' } })
    const second = await client.chat.completions.stream({
      model: 'm', messages: [{ role: 'user', content: order }, first, { role: 'tool', tool_call_id: first.tool_calls?.[0]?.id ?? '', content: 'written' }],
    }).finalMessage()
    expect(second.content).toBe('written')
  })

  it('the echo model repeats', async () => {
    const { baseUrl } = await start(echoModel('you said: '))
    const client = new OpenAI({ apiKey: 'k', baseURL: baseUrl('openai-responses'), maxRetries: 0 })
    expect((await client.responses.stream({ model: 'm', input: 'hello there' }).finalResponse()).output_text).toBe('you said: hello there')
  })
})
