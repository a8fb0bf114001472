import { defineModel } from '@moltbot/contract'
import type { ImagePart, Model, ModelEvent, ModelHost, ModelInfo, ModelRequest, Provider, TextPart, ThinkingLevel } from '@moltbot/contract'
import { Assembly } from './wire/assembly.ts'
import { callServer } from './wire/call-server.ts'
import type { Finish, WireCall } from './wire/call-server.ts'
import { StreamFault, faultOfWords, wholeNumber, wordsOf } from './wire/fault.ts'
import { prepareHistory, wellFormed } from './wire/history.ts'
import type { HistoryMessage } from './wire/history.ts'
import { baseOf, fetchList, unknownContextWindow, unknownMaxOutputTokens } from './wire/list-models.ts'
import { list, number, object, string } from './wire/read-json.ts'
import type { JsonObject } from './wire/read-json.ts'

/** The Gemini API. It caches prefixes by itself, so no marks are sent; thought signatures go back where they came from. */
export default defineModel({
  id: 'google-generative-ai',
  credential: { kind: 'header', name: 'x-goog-api-key', prefix: '' },
  connect(provider, host): Model {
    return {
      stream: (request) => stream(provider, host, request),
      list: (signal) => listModels(provider, host, signal),
    }
  },
})

function stream(provider: Provider, host: ModelHost, request: ModelRequest): AsyncIterable<ModelEvent> {
  const assembly = new Assembly(`${provider.id}/${request.model}`, request.messages)
  const answer: Answer = { finish: undefined, words: '', part: 0, kind: '', calls: 0 }
  const wire: WireCall = {
    url: `${baseOf(provider.baseUrl, '/v1beta')}/${pathOf(request.model)}:streamGenerateContent?alt=sse`,
    headers: provider.headers,
    body: bodyOf(provider, request),
    read(event) {
      read(event, assembly, answer, provider)
      return false // Usage may follow the finish; the end of the stream decides.
    },
    finish: () => finishOf(provider, answer),
  }
  return callServer(provider, host, request, assembly, wire)
}

/** Each part of the name is one step of the path, also where it is spelt like the way up. */
function pathOf(model: string): string {
  return model.includes('/') ? model.split('/').map((step) => (/^\.{1,2}$/.test(step) ? encodeURIComponent(`${step}-`) : encodeURIComponent(step))).join('/') : `models/${encodeURIComponent(model)}`
}

// ---- the request

function bodyOf(provider: Provider, request: ModelRequest): string {
  const contents = prepareHistory(request.messages, `${provider.id}/${request.model}`).map((message) => contentOf(message, request.model)).filter((content) => content.parts.length > 0)
  if (contents[0]?.role !== 'user') contents.unshift({ role: 'user', parts: [{ text: '(The conversation continues.)' }] })
  if (contents.at(-1)?.role === 'model') contents.push({ role: 'user', parts: [{ text: '(Continue.)' }] })
  const thinking = thinkingOf(request.model, request.thinking)
  const system = wellFormed(request.system)
  return JSON.stringify({
    ...(system === '' ? {} : { systemInstruction: { parts: [{ text: system }] } }),
    ...(request.tools.length === 0 ? {} : {
      tools: [{ functionDeclarations: request.tools.map((tool) => ({ name: tool.name, description: tool.description, parametersJsonSchema: tool.input })) }],
    }),
    generationConfig: { maxOutputTokens: request.maxOutputTokens, ...(thinking === undefined ? {} : { thinkingConfig: thinking }) },
    contents,
  })
}

/** What the API takes in place of the signature of a call it did not make itself. */
const foreignCall = 'skip_thought_signature_validator'

function contentOf(message: HistoryMessage, model: string): { role: 'user' | 'model'; parts: JsonObject[] } {
  if (message.role === 'user') return { role: 'user', parts: message.content.map(partOf) }
  if (message.role === 'results') {
    const images = message.results.flatMap((result) => result.content.flatMap((part): JsonObject[] => (part.type === 'image' ? [{ text: `Image from ${result.name}:` }, partOf(part)] : [])))
    return {
      role: 'user',
      parts: [
        ...message.results.map((result) => ({ functionResponse: { name: result.name, response: { [result.isError ? 'error' : 'output']: textsOf(result.content) } } })),
        ...images,
      ],
    }
  }
  const needsSignature = /gemini-(?:[3-9]|\d\d)/.test(model)
  let first = true
  return {
    role: 'model',
    parts: message.content.flatMap((part): JsonObject[] => {
      if (part.type === 'text') return [{ text: part.text }]
      if (part.type === 'thinking') return part.signature === undefined ? [] : [{ text: '', thoughtSignature: part.signature }]
      // Only the first call of a step carries one.
      const signature = part.signature ?? (needsSignature && first ? foreignCall : undefined)
      first = false
      return [{ functionCall: { name: part.name, args: part.input }, ...(signature === undefined ? {} : { thoughtSignature: signature }) }]
    }),
  }
}

function partOf(part: TextPart | ImagePart): JsonObject {
  return part.type === 'text' ? { text: part.text } : { inlineData: { mimeType: part.mimeType, data: part.data } }
}

function textsOf(content: readonly (TextPart | ImagePart)[]): string {
  return content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n')
}

/** Tokens to think with on the 2.5 models, which take a budget; later ones take a level. */
const budgets: Record<Exclude<ThinkingLevel, 'off'>, number> = { minimal: 512, low: 2048, medium: 8192, high: 16_384, xhigh: 24_576 }

function thinkingOf(model: string, level: ThinkingLevel): JsonObject | undefined {
  if (/gemini-2\.5/.test(model)) {
    if (level !== 'off') return { includeThoughts: true, thinkingBudget: budgets[level] }
    return { thinkingBudget: /pro/.test(model) ? 128 : 0 } // Pro can't stop thinking; this is its least.
  }
  if (/gemini-(?:[3-9]|\d\d)|gemini-(?:pro|flash|flash-lite)-latest/.test(model)) {
    if (level === 'off') return { thinkingLevel: 'LOW' } // Every model of these generations thinks, and this every one knows.
    return { includeThoughts: true, thinkingLevel: level === 'minimal' || level === 'low' ? 'LOW' : level === 'medium' ? 'MEDIUM' : 'HIGH' }
  }
  return undefined
}

// ---- the answer

interface Answer { finish: string | undefined; words: string; part: number; kind: string; calls: number }

const refusals = /SAFETY|RECITATION|BLOCKLIST|PROHIBITED_CONTENT|SPII|IMAGE_|LANGUAGE/

function finishOf(provider: Provider, answer: Answer): Finish | undefined {
  if (answer.finish === undefined) return undefined
  if (answer.finish === 'STOP') return { stop: 'end' }
  if (answer.finish === 'MAX_TOKENS') return { stop: 'length' }
  const words = [answer.finish, answer.words].filter((word) => word !== '').join(': ')
  if (refusals.test(answer.finish)) return { stop: 'refusal', fault: faultOfWords(provider.id, words, 'refusal') }
  // A call the model wrote wrongly, or a reason yet unknown: asking again often helps.
  throw new StreamFault(faultOfWords(provider.id, words, 'server_error'))
}

function read(event: JsonObject, assembly: Assembly, answer: Answer, provider: Provider): void {
  const error = object(event['error'])
  if (error !== undefined) throw new StreamFault(faultOfWords(provider.id, wordsOf(JSON.stringify({ error })), undefined, number(error['code'])))
  readUsage(object(event['usageMetadata']), assembly)
  const blocked = string(object(event['promptFeedback'])?.['blockReason'])
  if (blocked !== undefined && blocked !== 'BLOCK_REASON_UNSPECIFIED') {
    answer.finish = 'PROHIBITED_CONTENT'
    answer.words = `the prompt was blocked (${blocked})`
  }
  const candidate = object(list(event['candidates'])[0])
  if (candidate === undefined) return
  for (const value of list(object(candidate['content'])?.['parts'])) readPart(object(value), assembly, answer, string(event['responseId']))
  const finish = string(candidate['finishReason'])
  if (finish !== undefined && finish !== 'FINISH_REASON_UNSPECIFIED') {
    answer.finish = finish
    answer.words = string(candidate['finishMessage']) ?? answer.words
  }
}

function readPart(part: JsonObject | undefined, assembly: Assembly, answer: Answer, responseId: string | undefined): void {
  if (part === undefined) return
  const signature = string(part['thoughtSignature'])
  const call = object(part['functionCall'])
  if (call !== undefined) {
    const key = `call-${answer.calls++}`
    const id = string(call['id'])
    assembly.call(key, {
      ...(id === undefined ? {} : { id }), name: string(call['name']) ?? '',
      ...(signature === undefined ? {} : { signature }),
      ...(responseId === undefined ? {} : { seed: responseId.replace(/[^A-Za-z0-9]/g, '').slice(-20) }),
    })
    assembly.callDelta(key, JSON.stringify(object(call['args']) ?? {}))
    assembly.callDone(key)
    answer.kind = 'call'
    return
  }
  const text = string(part['text'])
  if (text === undefined && signature === undefined) return
  const kind = part['thought'] === true ? 'thinking' : 'text'
  if (text !== undefined && text !== '') {
    if (answer.kind !== kind) {
      answer.kind = kind
      answer.part++
    }
    if (kind === 'thinking') assembly.thinking(`thinking-${answer.part}`, text)
    else assembly.text(`text-${answer.part}`, text)
  }
  if (signature !== undefined) {
    answer.part++
    answer.kind = ''
    assembly.thinkingMark(`signature-${answer.part}`, { signature })
  }
}

function readUsage(usage: JsonObject | undefined, assembly: Assembly): void {
  if (usage === undefined) return
  const cached = wholeNumber(usage['cachedContentTokenCount'])
  assembly.usage.input = Math.max(0, wholeNumber(usage['promptTokenCount']) + wholeNumber(usage['toolUsePromptTokenCount']) - cached)
  assembly.usage.output = wholeNumber(usage['candidatesTokenCount']) + wholeNumber(usage['thoughtsTokenCount'])
  assembly.usage.cacheRead = cached
}

async function listModels(provider: Provider, host: ModelHost, signal: AbortSignal): Promise<ModelInfo[]> {
  const answer = await fetchList(provider, host, `${baseOf(provider.baseUrl, '/v1beta')}/models?pageSize=1000`, provider.headers, signal)
  return list(answer['models']).flatMap((entry): ModelInfo[] => {
    const model = object(entry)
    const id = string(model?.['name'])?.replace(/^models\//, '')
    if (model === undefined || id === undefined || !list(model['supportedGenerationMethods']).includes('generateContent')) return []
    const name = string(model['displayName'])
    return [{
      id,
      ...(name === undefined ? {} : { name }),
      contextWindow: number(model['inputTokenLimit']) ?? unknownContextWindow,
      maxOutputTokens: number(model['outputTokenLimit']) ?? unknownMaxOutputTokens,
      input: ['text', 'image'],
      reasoning: model['thinking'] === true,
    }]
  })
}
