import { defineModel } from '@moltbot/contract'
import type { ImagePart, Model, ModelEvent, ModelHost, ModelInfo, ModelRequest, Provider, TextPart, ThinkingLevel } from '@moltbot/contract'
import { Assembly } from './wire/assembly.ts'
import { callServer } from './wire/call-server.ts'
import type { Finish, WireCall } from './wire/call-server.ts'
import { StreamFault, faultOfWords, wholeNumber } from './wire/fault.ts'
import { prepareHistory, wellFormed, wireId } from './wire/history.ts'
import type { HistoryMessage } from './wire/history.ts'
import { fetchList, unknownContextWindow, unknownMaxOutputTokens } from './wire/list-models.ts'
import { list, number, object, string } from './wire/read-json.ts'
import type { JsonObject } from './wire/read-json.ts'

/** The Anthropic Messages API and servers that speak it. `system`, `tools` and earlier messages are the same bytes in every call of a session. */
export default defineModel({
  id: 'anthropic-messages',
  credential: { kind: 'header', name: 'x-api-key', prefix: '' },
  connect(provider, host): Model {
    return {
      stream: (request) => stream(provider, host, request),
      list: (signal) => listModels(provider, host, signal),
    }
  },
})

const version = { 'anthropic-version': '2023-06-01' }

/** Base URLs of this family are written with and without the version. */
function versioned(baseUrl: string): string {
  const trimmed = baseUrl.replace(/(?<!\/)\/+$/, '')
  return /\/v\d+$/.test(trimmed) ? trimmed : `${trimmed}/v1`
}

function stream(provider: Provider, host: ModelHost, request: ModelRequest): AsyncIterable<ModelEvent> {
  const model = `${provider.id}/${request.model}`
  const assembly = new Assembly(model, request.messages)
  let stop: string | undefined
  let stopWords = ''
  let over = false
  const wire: WireCall = {
    url: `${versioned(provider.baseUrl)}/messages`,
    headers: { ...version, ...betaOf(provider, request), ...provider.headers },
    body: bodyOf(provider, request, {}),
    read(event) {
      read(event, assembly, provider)
      if (event['type'] === 'message_delta') {
        const delta = object(event['delta'])
        stop = string(delta?.['stop_reason']) ?? stop
        stopWords = string(object(delta?.['stop_details'])?.['explanation']) ?? stopWords
      }
      if (event['type'] === 'message_stop') over = true
      return over
    },
    finish: () => (stop === undefined && !over ? undefined : finishOf(provider, stop, stopWords)),
    instead(fault) {
      if (fault.status !== 400) return undefined
      // A model newer than this file may want its thinking steered in another way: then it thinks as it does by itself.
      if (/thinking\.type|budget_tokens|output_config|\beffort\b/i.test(fault.message)) return bodyOf(provider, request, { steering: false })
      // Thinking is bound to what stood before it; after a compaction or an edited prompt the provider refuses it.
      const thought = request.messages.some((message) => message.role === 'assistant' && message.content.some((part) => part.type === 'thinking'))
      return thought && /thinking|signature/i.test(fault.message) ? bodyOf(provider, request, { thoughts: false }) : undefined
    },
  }
  return callServer(provider, host, request, assembly, wire)
}

function finishOf(provider: Provider, stop: string | undefined, words: string): Finish {
  switch (stop) {
    case 'tool_use': return { stop: 'tool-use' }
    case 'max_tokens':
    case 'model_context_window_exceeded': return { stop: 'length' }
    case 'refusal': return { stop: 'refusal', fault: faultOfWords(provider.id, words, 'refusal') }
    default: return { stop: 'end' }
  }
}

// ---- the request

/** Fields in an order that puts all that stays the same before all that grows: `messages` is last. */
function bodyOf(provider: Provider, request: ModelRequest, parts: { thoughts?: boolean; steering?: boolean }): string {
  const mark = request.cache === 'none' ? undefined : { type: 'ephemeral', ...(request.cache === 'long' ? { ttl: '1h' } : {}) }
  const onRequest = (provider.compat.cacheMarks ?? (isAnthropic(provider) ? 'request' : 'blocks')) === 'request'
  const history = prepareHistory(request.messages, `${provider.id}/${request.model}`)
    .map((message) => (parts.thoughts !== false || message.role !== 'assistant' ? message : { ...message, content: message.content.filter((part) => part.type !== 'thinking') }))
    .filter((message) => message.role !== 'assistant' || message.content.length > 0)
  const messages = history.map(messageOf)
  if (messages[0]?.['role'] !== 'user') messages.unshift({ role: 'user', content: [{ type: 'text', text: '(The conversation continues.)' }] })
  // Newer models take no answer begun for them.
  if (messages.at(-1)?.['role'] === 'assistant') messages.push({ role: 'user', content: [{ type: 'text', text: '(Continue.)' }] })
  if (mark !== undefined && !onRequest) markLast(messages, mark)
  const system = wellFormed(request.system)
  return JSON.stringify({
    model: request.model,
    max_tokens: request.maxOutputTokens,
    stream: true,
    ...(mark !== undefined && onRequest ? { cache_control: mark } : {}),
    ...(parts.steering === false ? {} : thinkingOf(request.model, request.thinking, request.maxOutputTokens, history, `${provider.id}/${request.model}`)),
    ...(request.sessionHint === undefined || !isAnthropic(provider) ? {} : { metadata: { user_id: request.sessionHint } }),
    ...(system === '' ? {} : { system: [{ type: 'text', text: system, ...(mark === undefined ? {} : { cache_control: mark }) }] }),
    ...(request.tools.length === 0 ? {} : {
      tools: request.tools.map((tool, at) => ({
        name: tool.name, description: tool.description, input_schema: tool.input,
        ...(mark !== undefined && at === request.tools.length - 1 ? { cache_control: mark } : {}),
      })),
    }),
    messages,
  })
}

function isAnthropic(provider: Provider): boolean {
  return provider.id === 'anthropic' || /^https:\/\/api\.anthropic\.com(?:[:/]|$)/.test(provider.baseUrl)
}

function messageOf(message: HistoryMessage): JsonObject {
  if (message.role === 'user') return { role: 'user', content: message.content.map(contentOf) }
  if (message.role === 'results') {
    return {
      role: 'user',
      content: message.results.map((result) => ({
        type: 'tool_result', tool_use_id: wireId(result.callId), content: result.content.map(contentOf), ...(result.isError ? { is_error: true } : {}),
      })),
    }
  }
  return {
    role: 'assistant',
    content: message.content.flatMap((part): JsonObject[] => {
      if (part.type === 'text') return [{ type: 'text', text: part.text }]
      if (part.type === 'tool-call') return [{ type: 'tool_use', id: wireId(part.id), name: part.name, input: part.input }]
      if (part.opaque !== undefined) return [{ type: 'redacted_thinking', data: part.opaque }]
      // Without its signature the provider would refuse it.
      return part.signature === undefined ? [] : [{ type: 'thinking', thinking: part.text, signature: part.signature }]
    }),
  }
}

function contentOf(part: TextPart | ImagePart): JsonObject {
  if (part.type === 'text') return { type: 'text', text: part.text }
  return { type: 'image', source: { type: 'base64', media_type: part.mimeType, data: part.data } }
}

function markLast(messages: JsonObject[], mark: JsonObject): void {
  const last = messages.at(-1)
  const blocks = list(last?.['content'])
  const block = object(blocks.at(-1))
  if (last === undefined || block === undefined) return
  messages[messages.length - 1] = { ...last, content: [...blocks.slice(0, -1), { ...block, cache_control: mark }] }
}

// ---- thinking

interface Claude { family: string; generation: number }

/** `claude-opus-4-7` → opus 4.7; undefined for what is no Claude model. */
function claudeOf(model: string): Claude | undefined {
  const newer = /claude-([a-z]+)-(\d+)(?:-(\d{1,2})(?!\d))?/.exec(model)
  if (newer?.[1] !== undefined && newer[2] !== undefined) return { family: newer[1], generation: Number(newer[2]) + Number(newer[3] ?? 0) / 10 }
  const older = /claude-(\d+)(?:-(\d{1,2})(?!\d))?-([a-z]+)/.exec(model)
  if (older?.[1] !== undefined && older[3] !== undefined) return { family: older[3], generation: Number(older[1]) + Number(older[2] ?? 0) / 10 }
  return /claude-([a-z]+)-preview/.test(model) ? { family: 'mythos', generation: 4.7 } : undefined
}

/** Tokens to think with on models that take a budget. */
const budgets: Record<Exclude<ThinkingLevel, 'off'>, number> = { minimal: 1024, low: 2048, medium: 8192, high: 16_384, xhigh: 32_768 }

/**
 * From 4.6 on models think adaptively, steered by effort; budgets are refused from 4.7 on. From 5 on thinking is on unless
 * switched off, each family in its own way, and some cannot be switched off: those get the lowest effort.
 * Source: Anthropic's model pages and migration guides, November 2026.
 */
function thinkingOf(model: string, level: ThinkingLevel, maxTokens: number, history: readonly HistoryMessage[], self: string): JsonObject {
  const claude = claudeOf(model)
  const adaptive = claude !== undefined && claude.generation >= 4.6
  if (level === 'off') {
    if (claude === undefined || claude.generation < 5) return {}
    if (claude.family === 'sonnet' && claude.generation >= 5.5) return { thinking: { type: 'between_tools' } }
    if (claude.family === 'haiku' || claude.family === 'sonnet' || (claude.family === 'opus' && claude.generation < 5.5)) return { thinking: { type: 'disabled' } }
    return { output_config: { effort: 'low' } }
  }
  if (adaptive) {
    const effort = level === 'minimal' ? 'low' : level === 'xhigh' && claude.generation < 4.7 ? 'high' : level
    return { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort } }
  }
  const budget = Math.min(budgets[level], maxTokens - 1024)
  // Too little room to think in, or a tool loop another model began: the provider would refuse.
  return budget < 1024 || borrowedLoop(history, self) ? {} : { thinking: { type: 'enabled', budget_tokens: budget } }
}

function borrowedLoop(history: readonly HistoryMessage[], self: string): boolean {
  if (history.at(-1)?.role !== 'results') return false
  for (let at = history.length - 1; at >= 0; at--) {
    const message = history[at]
    if (message?.role === 'user') return false
    if (message?.role === 'assistant' && message.model !== self) return true
  }
  return false
}

function betaOf(provider: Provider, request: ModelRequest): Record<string, string> {
  const claude = claudeOf(request.model)
  const interleaves = isAnthropic(provider) && request.thinking !== 'off' && request.tools.length > 0 && claude !== undefined && claude.generation >= 4 && claude.generation < 4.6
  return interleaves ? { 'anthropic-beta': 'interleaved-thinking-2025-05-14' } : {}
}

// ---- the answer

function read(event: JsonObject, assembly: Assembly, provider: Provider): void {
  const key = `block-${String(event['index'])}`
  switch (event['type']) {
    case 'message_start':
      readUsage(object(object(event['message'])?.['usage']), assembly)
      return
    case 'content_block_start': {
      const block = object(event['content_block'])
      if (block?.['type'] === 'text') assembly.text(key, string(block['text']) ?? '')
      else if (block?.['type'] === 'thinking') {
        assembly.thinking(key, string(block['thinking']) ?? '')
        const signature = string(block['signature'])
        if (signature !== undefined && signature !== '') assembly.thinkingMark(key, { signature })
      } else if (block?.['type'] === 'redacted_thinking') assembly.thinkingMark(key, { opaque: string(block['data']) ?? '' })
      else if (block?.['type'] === 'tool_use') {
        const id = string(block['id'])
        const name = string(block['name'])
        assembly.call(key, { ...(id === undefined ? {} : { id }), ...(name === undefined ? {} : { name }) })
        // Compatible servers sometimes give the whole input at once.
        const input = object(block['input'])
        if (input !== undefined && Object.keys(input).length > 0) assembly.callDelta(key, JSON.stringify(input))
      }
      return
    }
    case 'content_block_delta': {
      const delta = object(event['delta'])
      if (delta?.['type'] === 'text_delta') assembly.text(key, string(delta['text']) ?? '')
      else if (delta?.['type'] === 'thinking_delta') assembly.thinking(key, string(delta['thinking']) ?? '')
      else if (delta?.['type'] === 'signature_delta') assembly.thinkingMark(key, { signature: string(delta['signature']) ?? '' })
      else if (delta?.['type'] === 'input_json_delta') assembly.callDelta(key, string(delta['partial_json']) ?? '')
      return
    }
    case 'content_block_stop':
      assembly.callDone(key)
      return
    case 'message_delta':
      readUsage(object(event['usage']), assembly)
      return
    case 'error': {
      const error = object(event['error'])
      const kind = string(error?.['type'])
      const words = [string(error?.['message']), kind].filter((word) => word !== undefined).join('; ')
      throw new StreamFault(faultOfWords(provider.id, words, kind === 'timeout_error' ? 'timeout' : kind === 'billing_error' ? 'billing' : undefined))
    }
    default: // `ping` and kinds yet unknown carry nothing we need.
  }
}

/** Counts are cumulative: later ones replace earlier ones, absent ones leave them. */
function readUsage(usage: JsonObject | undefined, assembly: Assembly): void {
  if (usage === undefined) return
  if (number(usage['input_tokens']) !== undefined) assembly.usage.input = wholeNumber(usage['input_tokens'])
  if (number(usage['output_tokens']) !== undefined) assembly.usage.output = wholeNumber(usage['output_tokens'])
  if (number(usage['cache_read_input_tokens']) !== undefined) assembly.usage.cacheRead = wholeNumber(usage['cache_read_input_tokens'])
  if (number(usage['cache_creation_input_tokens']) !== undefined) assembly.usage.cacheWrite = wholeNumber(usage['cache_creation_input_tokens'])
}

async function listModels(provider: Provider, host: ModelHost, signal: AbortSignal): Promise<ModelInfo[]> {
  const answer = await fetchList(provider, host, `${versioned(provider.baseUrl)}/models?limit=1000`, { ...version, ...provider.headers }, signal)
  return list(answer['data']).flatMap((entry): ModelInfo[] => {
    const model = object(entry)
    const id = string(model?.['id'])
    if (model === undefined || id === undefined) return []
    const name = string(model['display_name'])
    return [{
      id,
      ...(name === undefined ? {} : { name }),
      contextWindow: number(model['max_input_tokens']) ?? unknownContextWindow,
      maxOutputTokens: number(model['max_tokens']) ?? unknownMaxOutputTokens,
      input: ['text', 'image'],
      reasoning: (claudeOf(id)?.generation ?? 0) >= 3.7,
    }]
  })
}
