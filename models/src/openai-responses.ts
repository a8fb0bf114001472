import { defineModel } from '@moltbot/contract'
import type { FaultClass, ImagePart, Model, ModelEvent, ModelHost, ModelRequest, Provider, TextPart } from '@moltbot/contract'
import { listOpenAiModels } from './openai-completions.ts'
import { Assembly } from './wire/assembly.ts'
import { callServer } from './wire/call-server.ts'
import type { Finish, WireCall } from './wire/call-server.ts'
import { StreamFault, faultOfWords, wholeNumber } from './wire/fault.ts'
import { prepareHistory, wellFormed, wireId } from './wire/history.ts'
import type { HistoryMessage } from './wire/history.ts'
import { baseOf } from './wire/list-models.ts'
import { effortOf } from './wire/openai-effort.ts'
import { list, object, parseJson, string } from './wire/read-json.ts'
import type { JsonObject } from './wire/read-json.ts'

/** The OpenAI Responses API, stateless: nothing is stored there, and reasoning travels encrypted with the conversation. */
export default defineModel({
  id: 'openai-responses',
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
  let finish: Finish | undefined
  let refused = false
  const wire: WireCall = {
    url: `${baseOf(provider.baseUrl, '/v1')}/responses`,
    headers: provider.headers,
    body: bodyOf(provider, request, {}),
    read(event) {
      if (event['type'] === 'response.refusal.delta') refused = true
      const over = read(event, assembly, provider)
      if (over === undefined) return false
      finish = refused && over.stop === 'end' ? { stop: 'refusal', fault: faultOfWords(provider.id, '', 'refusal') } : over
      return true
    },
    finish: () => finish,
    instead(fault) {
      if (fault.status !== 400) return undefined
      if (/encrypted|reasoning.{0,40}(?:item|content)/i.test(fault.message)) return bodyOf(provider, request, { thoughts: false })
      // A model that knows other efforts than we think: then it takes its own.
      return /effort|reasoning/i.test(fault.message) ? bodyOf(provider, request, { effort: false }) : undefined
    },
  }
  return callServer(provider, host, request, assembly, wire)
}

// ---- the request

function bodyOf(provider: Provider, request: ModelRequest, parts: { thoughts?: boolean; effort?: boolean }): string {
  const openAi = provider.id === 'openai' || /^https:\/\/api\.openai\.com(?:[:/]|$)/.test(provider.baseUrl)
  const effort = provider.compat.supportsReasoningEffort === false || parts.effort === false ? undefined : effortOf(request.model, request.thinking, true)
  const system = wellFormed(request.system)
  const keepsLonger = openAi && request.cache === 'long' && /^gpt-(?:4\.1|5(?:\.[0-5])?)(?:-|$)/.test(request.model)
  return JSON.stringify({
    model: request.model,
    max_output_tokens: Math.max(16, request.maxOutputTokens), // The API refuses less.
    stream: true,
    ...((provider.compat.supportsStore ?? true) ? { store: false } : {}),
    include: ['reasoning.encrypted_content'],
    ...(request.cache === 'none' || request.sessionHint === undefined ? {} : { prompt_cache_key: request.sessionHint }),
    ...(keepsLonger ? { prompt_cache_retention: '24h' } : {}),
    ...(effort === undefined ? {} : { reasoning: { effort, ...(request.thinking === 'off' ? {} : { summary: 'auto' }) } }),
    ...(system === '' ? {} : { instructions: system }),
    ...(request.tools.length === 0 ? {} : {
      tools: request.tools.map((tool) => ({ type: 'function', name: tool.name, description: tool.description, parameters: tool.input, strict: false })),
    }),
    input: prepareHistory(request.messages, `${provider.id}/${request.model}`).flatMap((message) => itemsOf(message, parts.thoughts !== false)),
  })
}

function itemsOf(message: HistoryMessage, withReasoning: boolean): JsonObject[] {
  if (message.role === 'user') return [{ role: 'user', content: message.content.map(contentOf) }]
  if (message.role === 'results') {
    return message.results.map((result) => ({
      type: 'function_call_output',
      call_id: wireId(result.callId),
      output: result.content.every((part) => part.type === 'text')
        ? (result.isError ? 'Error: ' : '') + result.content.map((part) => (part.type === 'text' ? part.text : '')).join('\n')
        : result.content.map(contentOf),
    }))
  }
  return message.content.flatMap((part): JsonObject[] => {
    if (part.type === 'text') return [{ type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: part.text, annotations: [] }] }]
    if (part.type === 'tool-call') return [{ type: 'function_call', call_id: wireId(part.id), name: part.name, arguments: JSON.stringify(part.input) }]
    const item = part.opaque === undefined || !withReasoning ? undefined : object(parseJson(part.opaque))
    return item === undefined ? [] : [item]
  })
}

function contentOf(part: TextPart | ImagePart): JsonObject {
  if (part.type === 'text') return { type: 'input_text', text: part.text }
  return { type: 'input_image', detail: 'auto', image_url: `data:${part.mimeType};base64,${part.data}` }
}

// ---- the answer

const faultCodes: Record<string, FaultClass> = {
  rate_limit_exceeded: 'rate_limit',
  insufficient_quota: 'billing',
  server_error: 'server_error',
  context_length_exceeded: 'context_overflow',
  invalid_prompt: 'refusal',
  server_is_overloaded: 'overloaded',
  slow_down: 'overloaded',
  model_not_found: 'model_not_found',
}

/** Takes one event; how the answer ended, once it did. */
function read(event: JsonObject, assembly: Assembly, provider: Provider): Finish | undefined {
  const at = String(event['output_index'] ?? event['item_id'] ?? '')
  const part = `${at}/${String(event['content_index'] ?? event['summary_index'] ?? 0)}`
  switch (event['type']) {
    case 'response.output_item.added': {
      const item = object(event['item'])
      if (item?.['type'] !== 'function_call') return undefined
      const id = string(item['call_id'])
      const name = string(item['name'])
      assembly.call(`call-${at}`, { ...(id === undefined ? {} : { id }), ...(name === undefined ? {} : { name }) })
      return undefined
    }
    case 'response.output_text.delta':
    case 'response.refusal.delta':
      assembly.text(`text-${part}`, string(event['delta']) ?? '')
      return undefined
    case 'response.reasoning_summary_part.added':
      if (assembly.gathered(`thinking-${at}`) !== '') assembly.thinking(`thinking-${at}`, '\n\n')
      return undefined
    case 'response.reasoning_summary_text.delta':
    case 'response.reasoning_text.delta':
      assembly.thinking(`thinking-${at}`, string(event['delta']) ?? '')
      return undefined
    case 'response.function_call_arguments.delta':
      assembly.callDelta(`call-${at}`, string(event['delta']) ?? '')
      return undefined
    case 'response.output_item.done':
      readItem(object(event['item']), at, assembly)
      return undefined
    case 'response.completed':
    case 'response.incomplete':
      readUsage(object(object(event['response'])?.['usage']), assembly)
      return finishOf(object(event['response']), event['type'] === 'response.incomplete', provider)
    case 'response.failed':
    case 'error': {
      const response = object(event['response'])
      readUsage(object(response?.['usage']), assembly)
      const error = object(response?.['error']) ?? object(event['error']) ?? event
      const code = string(error['code']) ?? ''
      const words = [string(error['message']), code].filter((word) => word !== undefined && word !== '').join('; ')
      throw new StreamFault(faultOfWords(provider.id, words, faultCodes[code]))
    }
    default:
      return undefined
  }
}

/** An item as it ended: what its deltas did not bring (some servers send none) and what has to go back unchanged. */
function readItem(item: JsonObject | undefined, at: string, assembly: Assembly): void {
  if (item?.['type'] === 'function_call') {
    const id = string(item['call_id'])
    const name = string(item['name'])
    assembly.call(`call-${at}`, { ...(id === undefined ? {} : { id }), ...(name === undefined ? {} : { name }) })
    if (assembly.gathered(`call-${at}`) === '') assembly.callDelta(`call-${at}`, string(item['arguments']) ?? '')
    assembly.callDone(`call-${at}`)
  } else if (item?.['type'] === 'message') {
    for (const [index, value] of list(item['content']).entries()) {
      const key = `text-${at}/${index}`
      const content = object(value)
      if (!assembly.has(key)) assembly.text(key, string(content?.['text']) ?? string(content?.['refusal']) ?? '')
    }
  } else if (item?.['type'] === 'reasoning' && string(item['encrypted_content']) !== undefined) {
    assembly.thinkingMark(`thinking-${at}`, { opaque: JSON.stringify(item) })
  }
}

function finishOf(response: JsonObject | undefined, incomplete: boolean, provider: Provider): Finish {
  if (!incomplete) return { stop: 'end' }
  const reason = string(object(response?.['incomplete_details'])?.['reason'])
  return reason === 'content_filter' ? { stop: 'refusal', fault: faultOfWords(provider.id, 'content filter', 'refusal') } : { stop: 'length' }
}

function readUsage(usage: JsonObject | undefined, assembly: Assembly): void {
  if (usage === undefined) return
  const details = object(usage['input_tokens_details'])
  const cached = wholeNumber(details?.['cached_tokens'])
  const written = wholeNumber(details?.['cache_write_tokens'])
  assembly.usage.input = Math.max(0, wholeNumber(usage['input_tokens']) - cached - written)
  assembly.usage.output = wholeNumber(usage['output_tokens'])
  assembly.usage.cacheRead = cached
  assembly.usage.cacheWrite = written
}
