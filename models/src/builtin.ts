import { defineModel } from '@moltbot/contract'
import type { Model, ModelEvent, ModelMessage, ModelRequest, Provider, ToolCallPart, ToolResultMessage } from '@moltbot/contract'
import { act } from './builtin/act.ts'
import type { Wish } from './builtin/act.ts'
import { intentOf, languageOf } from './builtin/intents.ts'
import { phrases } from './builtin/phrases.ts'
import { summarise, wantsSummary } from './builtin/summary.ts'
import { Assembly } from './wire/assembly.ts'
import { plainText, shortHash } from './wire/history.ts'

/**
 * The built-in assistant: a model without a model. It understands a fixed grammar (English and German), makes the same tool calls a
 * language model would, answers from their results, and says plainly what it is. Deterministic: the same conversation gets the same
 * answer. It needs no network and no credential.
 */
export default defineModel({
  id: 'builtin',
  credential: { kind: 'none' },
  connect(provider): Model {
    return {
      stream: (request) => stream(provider, request),
      list: () => Promise.resolve([{ id: 'assistant', name: 'Built-in assistant', contextWindow: 100_000, maxOutputTokens: 8192, input: ['text'], reasoning: false, cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 } }]),
    }
  },
})

async function* stream(provider: Provider, request: ModelRequest): AsyncGenerator<ModelEvent> {
  const assembly = new Assembly(`${provider.id}/${request.model}`, request.messages)
  assembly.usage.input = tokens(request.system) + request.messages.reduce((sum, message) => sum + tokens(JSON.stringify(message.content)), 0)
  const end = (stop: 'end' | 'tool-use' | 'length' | 'aborted'): ModelEvent => ({
    type: 'end', stop, message: assembly.message(stop === 'end' || stop === 'tool-use'), usage: { ...assembly.usage },
    ...(stop === 'aborted' ? { fault: { class: 'abort', message: 'The call was stopped.' } } : {}),
  })
  yield { type: 'start' }
  const reply = replyTo(request)
  if (reply.kind === 'call') {
    if (request.signal.aborted) {
      yield end('aborted')
      return
    }
    const json = JSON.stringify(reply.wish.input)
    // The id says where in the conversation it was made, so that it stays unique when older messages are summarised away.
    assembly.call('call', { name: reply.wish.name, seed: shortHash(`${request.messages.length} ${json} ${lastText(request.messages)}`) })
    assembly.callDelta('call', json)
    assembly.callDone('call')
    assembly.usage.output = tokens(json)
    yield* assembly.take()
    yield end('tool-use')
    return
  }
  let said = 0
  for (const word of reply.text.match(/\s*\S+|\s+$/g) ?? []) {
    if (request.signal.aborted) {
      yield end('aborted')
      return
    }
    said += word.length
    if (said / 4 > request.maxOutputTokens) {
      yield end('length')
      return
    }
    assembly.text('text', word)
    assembly.usage.output = Math.ceil(said / 4)
    yield* assembly.take()
  }
  yield end(request.signal.aborted ? 'aborted' : 'end')
}

type Reply = { kind: 'call'; wish: Wish } | { kind: 'say'; text: string }

/** Everything since the last finished answer is one piece of work: its plans run again from the start over what the tools already said. */
function replyTo(request: ModelRequest): Reply {
  const first = request.messages.findLastIndex((message) => message.role === 'assistant' && !message.content.some((part) => part.type === 'tool-call'))
  const work = request.messages.slice(first + 1)
  const done = outcomes(work)
  const answers: string[] = []
  for (const message of work) {
    if (message.role !== 'user') continue
    const text = plainText(message.content.filter((part) => part.type === 'text'))
    if (wantsSummary(request.system, text)) return { kind: 'say', text: summarise(request.system, text) }
    const unseen = message.content.some((part) => part.type === 'image') ? phrases[languageOf(text)].imagesUnseen : undefined
    if (unseen !== undefined && text.trim() === '') {
      answers.push(unseen)
      continue
    }
    const plan = act(intentOf(text), text, request.system, request.tools)
    let step = plan.next()
    while (step.done !== true) {
      const wish = step.value
      const at = done.findIndex(({ call }) => call.name === wish.name && JSON.stringify(call.input) === JSON.stringify(wish.input))
      const outcome = at === -1 ? undefined : done.splice(at, 1)[0]
      if (outcome === undefined) return { kind: 'call', wish }
      step = plan.next({ text: plainText(outcome.result.content), isError: outcome.result.isError })
    }
    answers.push(unseen === undefined ? step.value : `${step.value}\n\n${unseen}`)
  }
  return { kind: 'say', text: answers.length === 0 ? phrases.en.empty : [...new Set(answers)].join('\n\n') }
}

function outcomes(work: readonly ModelMessage[]): { call: ToolCallPart; result: ToolResultMessage }[] {
  const calls = work.flatMap((message) => (message.role === 'assistant' ? message.content.filter((part): part is ToolCallPart => part.type === 'tool-call') : []))
  return calls.flatMap((call) => {
    const result = work.find((message): message is ToolResultMessage => message.role === 'tool' && message.callId === call.id)
    return result === undefined ? [] : [{ call, result }]
  })
}

function lastText(messages: readonly ModelMessage[]): string {
  const last = messages.at(-1)
  return last === undefined ? '' : JSON.stringify(last.content).slice(-200)
}

function tokens(text: string): number {
  return Math.ceil(text.length / 4)
}
