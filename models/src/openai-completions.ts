import { defineModel } from '@moltbot/contract'
import type { ImagePart, Model, ModelEvent, ModelHost, ModelInfo, ModelRequest, Provider, TextPart, ThinkingPart } from '@moltbot/contract'
import { Assembly } from './wire/assembly.ts'
import { callServer } from './wire/call-server.ts'
import type { Finish, WireCall } from './wire/call-server.ts'
import { StreamFault, faultOfWords, wholeNumber, wordsOf } from './wire/fault.ts'
import { plainText, prepareHistory, shortHash, wellFormed, wireId } from './wire/history.ts'
import type { HistoryMessage } from './wire/history.ts'
import { baseOf, fetchList, unknownContextWindow, unknownMaxOutputTokens } from './wire/list-models.ts'
import { effortOf } from './wire/openai-effort.ts'
import { ThinkTags } from './wire/think-tags.ts'
import { list, number, object, parseJson, string } from './wire/read-json.ts'
import type { JsonObject } from './wire/read-json.ts'

/** OpenAI Chat Completions and everything compatible with it; what differs between servers is in `Provider.compat` and the few names below. */
export default defineModel({
  id: 'openai-completions',
  credential: { kind: 'header', name: 'authorization', prefix: 'Bearer ' },
  connect(provider, host): Model {
    return {
      stream: (request) => stream(provider, host, request),
      list: (signal) => listOpenAiModels(provider, host, signal),
    }
  },
})

function stream(provider: Provider, host: ModelHost, request: ModelRequest): AsyncIterable<ModelEvent> {
  const assembly = new Assembly(`${provider.id}/${request.model}`, request.messages)
  const answer: Answer = { finish: undefined, refused: false, slots: new Map(), details: [], tags: new ThinkTags() }
  const wire: WireCall = {
    url: `${baseOf(provider.baseUrl, '/v1')}/chat/completions`,
    headers: provider.headers,
    body: bodyOf(provider, request),
    instead: (fault) => (fault.status === 400 || fault.status === 422 ? tamerBody(provider, request, fault.message) : undefined),
    read(event) {
      read(event, assembly, answer, provider)
      // The usage comes after the finish, and some servers never say [DONE]: the end of the stream decides.
      return false
    },
    finish() {
      answer.tags.flush(assembly)
      return finishOf(provider, answer)
    },
  }
  return callServer(provider, host, request, assembly, wire)
}

// ---- the request

/** Servers known to refuse fields they do not know. */
const strict = /(?:^|\.)mistral\.ai$/

function bodyOf(provider: Provider, request: ModelRequest, without: { effort?: true; streamOptions?: true } = {}): string {
  const host = hostOf(provider.baseUrl)
  const openAi = provider.id === 'openai' || host === 'api.openai.com'
  const mistral = provider.id === 'mistral' || strict.test(host)
  const marked = request.cache !== 'none' && (provider.id === 'openrouter' || host === 'openrouter.ai') && request.model.startsWith('anthropic/')
  const system = wellFormed(request.system)
  const messages: JsonObject[] = []
  if (system !== '') {
    const role = provider.compat.supportsDeveloperRole === true ? 'developer' : 'system'
    messages.push({ role, content: marked ? [{ type: 'text', text: system, cache_control: { type: 'ephemeral' } }] : system })
  }
  const idOf = mistral ? shortHash : (id: string): string => wireId(id, 40)
  for (const message of prepareHistory(request.messages, `${provider.id}/${request.model}`)) messages.push(...messagesOf(message, idOf, marked))
  if (marked) markLast(messages)
  const effort = provider.compat.supportsReasoningEffort === false || mistral || without.effort === true ? undefined : effortOf(request.model, request.thinking, openAi)
  return JSON.stringify({
    model: request.model,
    [provider.compat.maxTokensField ?? (openAi ? 'max_completion_tokens' : 'max_tokens')]: request.maxOutputTokens,
    stream: true,
    ...(mistral || without.streamOptions === true ? {} : { stream_options: { include_usage: true } }),
    ...((provider.compat.supportsStore ?? openAi) ? { store: false } : {}),
    ...(openAi && request.sessionHint !== undefined && request.cache !== 'none' ? { prompt_cache_key: request.sessionHint } : {}),
    ...(effort === undefined ? {} : { reasoning_effort: effort }),
    ...(request.tools.length === 0 ? {} : {
      tools: request.tools.map((tool) => ({ type: 'function', function: { name: tool.name, description: tool.description, parameters: tool.input } })),
    }),
    messages,
  })
}

/** The body again without what the server just named as the thing it does not know; undefined: it named nothing of ours. */
function tamerBody(provider: Provider, request: ModelRequest, words: string): string | undefined {
  if (/reasoning_effort/i.test(words)) return bodyOf(provider, request, { effort: true })
  if (/stream_options/i.test(words)) return bodyOf(provider, request, { streamOptions: true })
  const field = /max_completion_tokens/i.test(words) ? 'max_completion_tokens' : undefined
  if (field !== undefined && provider.compat.maxTokensField === undefined) return bodyOf({ ...provider, compat: { ...provider.compat, maxTokensField: field } }, request)
  return undefined
}

function hostOf(url: string): string {
  return /^https?:\/\/([^/:]+)/.exec(url)?.[1] ?? ''
}

function messagesOf(message: HistoryMessage, idOf: (id: string) => string, blocks: boolean): JsonObject[] {
  if (message.role === 'user') return [{ role: 'user', content: contentOf(message.content, blocks) }]
  if (message.role === 'results') {
    const images = message.results.flatMap((result) => result.content.flatMap((part): JsonObject[] => (
      part.type === 'image' ? [{ type: 'text', text: `Image from ${result.name}:` }, imageOf(part)] : []
    )))
    return [
      ...message.results.map((result) => ({ role: 'tool', tool_call_id: idOf(result.callId), content: (result.isError ? 'Error: ' : '') + plainText(result.content) })),
      // This format takes images from the user only.
      ...(images.length === 0 ? [] : [{ role: 'user', content: images }]),
    ]
  }
  const text = message.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('')
  const calls = message.content.flatMap((part) => (part.type === 'tool-call' ? [{ id: idOf(part.id), type: 'function', function: { name: part.name, arguments: JSON.stringify(part.input) } }] : []))
  return [{
    role: 'assistant',
    ...thoughtsOf(message.content.filter((part) => part.type === 'thinking')),
    content: text === '' ? null : text,
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  }]
}

/** Thinking goes back under the field it came in (kept as its signature); servers that gave it want it back within a tool loop. */
function thoughtsOf(parts: readonly ThinkingPart[]): JsonObject {
  const out: JsonObject = {}
  for (const part of parts) {
    if (part.opaque !== undefined) out['reasoning_details'] = parseJson(part.opaque) ?? []
    else if (part.signature !== undefined) out[part.signature] = (string(out[part.signature]) ?? '') + part.text
  }
  return out
}

function contentOf(content: readonly (TextPart | ImagePart)[], blocks: boolean): unknown {
  if (!blocks && content.every((part) => part.type === 'text')) return plainText(content)
  return content.map((part) => (part.type === 'text' ? { type: 'text', text: part.text } : imageOf(part)))
}

function imageOf(part: ImagePart): JsonObject {
  return { type: 'image_url', image_url: { url: `data:${part.mimeType};base64,${part.data}` } }
}

function markLast(messages: JsonObject[]): void {
  for (let at = messages.length - 1; at > 0; at--) {
    const message = messages[at]
    const blocks = list(message?.['content'])
    const block = object(blocks.at(-1))
    if (message === undefined || block?.['type'] !== 'text') continue
    messages[at] = { ...message, content: [...blocks.slice(0, -1), { ...block, cache_control: { type: 'ephemeral' } }] }
    return
  }
}

// ---- the answer

interface Answer {
  finish: string | undefined
  refused: boolean
  /** Which call a server's index means at the moment. */
  slots: Map<string, { key: string; id: string | undefined }>
  details: unknown[]
  tags: ThinkTags
}

function finishOf(provider: Provider, answer: Answer): Finish | undefined {
  if (answer.finish === undefined) return undefined
  if (answer.refused) return { stop: 'refusal', fault: faultOfWords(provider.id, '', 'refusal') }
  switch (answer.finish) {
    case 'length':
    case 'max_tokens': return { stop: 'length' }
    case 'tool_calls':
    case 'function_call': return { stop: 'tool-use' }
    case 'content_filter': return { stop: 'refusal', fault: faultOfWords(provider.id, 'content filter', 'refusal') }
    case 'error': throw new StreamFault(faultOfWords(provider.id, 'the answer ended with an error', 'server_error'))
    default: return { stop: 'end' }
  }
}

function read(event: JsonObject, assembly: Assembly, answer: Answer, provider: Provider): void {
  const error = event['error']
  if (error !== undefined && error !== null) {
    const status = number(object(error)?.['code'])
    throw new StreamFault(faultOfWords(provider.id, wordsOf(JSON.stringify({ error })), undefined, status !== undefined && status >= 400 && status < 600 ? status : undefined))
  }
  readUsage(object(event['usage']) ?? object(object(event['x_groq'])?.['usage']), assembly)
  const choice = object(list(event['choices'])[0])
  if (choice === undefined) return
  readUsage(object(choice['usage']), assembly)
  const delta = object(choice['delta']) ?? object(choice['message']) ?? {}

  for (const field of ['reasoning_content', 'reasoning', 'reasoning_text']) {
    const thought = string(delta[field])
    if (thought === undefined || thought === '') continue
    if (!assembly.has('thinking')) assembly.thinkingMark('thinking', { signature: field })
    assembly.thinking('thinking', thought)
    break // Some servers send the same words under two names.
  }
  const details = list(delta['reasoning_details'])
  if (details.length > 0) {
    answer.details.push(...details)
    assembly.thinkingMark('thinking', { opaque: JSON.stringify(joinDetails(answer.details)) })
  }
  answer.tags.feed(textOf(delta['content']), assembly)
  const refusal = string(delta['refusal'])
  if (refusal !== undefined && refusal !== '') {
    answer.refused = true
    assembly.text('text', refusal)
  }
  for (const [at, value] of list(delta['tool_calls']).entries()) readCall(object(value), at, assembly, answer, string(event['id']))
  const finish = string(choice['finish_reason'])
  if (finish !== undefined && finish !== '') answer.finish = finish
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  return list(content).map((part) => string(object(part)?.['text']) ?? '').join('')
}

/** Encrypted details arrive whole, readable ones in pieces of the same index. */
function joinDetails(details: readonly unknown[]): unknown[] {
  const joined: JsonObject[] = []
  for (const value of details) {
    const detail = object(value)
    if (detail === undefined) continue
    const last = joined.at(-1)
    const field = detail['type'] === 'reasoning.text' ? 'text' : detail['type'] === 'reasoning.summary' ? 'summary' : undefined
    if (last !== undefined && field !== undefined && last['type'] === detail['type'] && last['index'] === detail['index']) {
      joined[joined.length - 1] = { ...last, ...withoutNull(detail), [field]: (string(last[field]) ?? '') + (string(detail[field]) ?? '') }
    } else joined.push(detail)
  }
  return joined
}

function withoutNull(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null))
}

function readCall(call: JsonObject | undefined, at: number, assembly: Assembly, answer: Answer, responseId: string | undefined): void {
  if (call === undefined) return
  const id = string(call['id'])
  const index = String(number(call['index']) ?? (id === undefined ? at : `id-${id}`))
  const known = answer.slots.get(index)
  // Some servers give every parallel call index 0; another id is another call.
  const other = known === undefined || (id !== undefined && id !== '' && known.id !== undefined && known.id !== id)
  const slot = other ? { key: `call-${answer.slots.size}-${index}-${id ?? ''}`, id: id === '' ? undefined : id } : known
  answer.slots.set(index, slot)
  const fn = object(call['function'])
  const name = string(fn?.['name'])
  const seed = responseId === undefined ? {} : { seed: responseId.slice(-24) }
  assembly.call(slot.key, { ...(id === undefined ? {} : { id }), ...(name === undefined || name === '' ? {} : { name }), ...seed })
  const args = fn?.['arguments']
  if (typeof args === 'string') assembly.callDelta(slot.key, args)
  else if (object(args) !== undefined) assembly.callDelta(slot.key, JSON.stringify(args))
}

function readUsage(usage: JsonObject | undefined, assembly: Assembly): void {
  if (usage === undefined) return
  const details = object(usage['prompt_tokens_details'])
  const cached = wholeNumber(details?.['cached_tokens'] ?? usage['prompt_cache_hit_tokens'] ?? usage['cached_tokens'])
  const written = wholeNumber(details?.['cache_write_tokens'])
  assembly.usage.input = Math.max(0, wholeNumber(usage['prompt_tokens']) - cached - written)
  assembly.usage.output = wholeNumber(usage['completion_tokens'])
  assembly.usage.cacheRead = cached
  assembly.usage.cacheWrite = written
}

/** `GET /models` as OpenAI and its relatives answer it; sizes where the server gives them. */
export async function listOpenAiModels(provider: Provider, host: ModelHost, signal: AbortSignal): Promise<ModelInfo[]> {
  const answer = await fetchList(provider, host, `${baseOf(provider.baseUrl, '/v1')}/models`, provider.headers, signal)
  return (Array.isArray(answer['data']) ? list(answer['data']) : list(answer['models'])).flatMap((entry): ModelInfo[] => {
    const model = object(entry)
    const id = string(model?.['id']) ?? string(model?.['name'])
    if (model === undefined || id === undefined || /embed|whisper|tts|dall-e|moderation|rerank|transcribe/i.test(id)) return []
    const meta = object(model['meta'])
    const window = [model['context_length'], model['context_window'], model['max_context_length'], model['max_model_len'], meta?.['n_ctx'], meta?.['n_ctx_train']].map(number).find((size) => size !== undefined)
    const output = [object(model['top_provider'])?.['max_completion_tokens'], model['max_completion_tokens'], model['max_output_tokens']].map(number).find((size) => size !== undefined)
    const kinds = list(object(model['architecture'])?.['input_modalities'])
    const name = string(model['name'])
    return [{
      id,
      ...(name === undefined || name === id ? {} : { name }),
      contextWindow: window ?? unknownContextWindow,
      maxOutputTokens: output ?? unknownMaxOutputTokens,
      input: kinds.includes('image') || /vision|-vl|llava|gpt-4o|gpt-[56]|pixtral/i.test(id) ? ['text', 'image'] : ['text'],
      reasoning: list(model['supported_parameters']).includes('reasoning') || /^o\d|^gpt-[56]|reason|think|-r1|gpt-oss|qwq|qwen3/i.test(id),
    }]
  })
}
