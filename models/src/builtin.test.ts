import { memoryLogger, modelRequest, readModel, realClock } from '@moltbot/contract/testing'
import type { Model, ModelEvent, ModelMessage, ModelRequest } from '@moltbot/contract'
import { tools as shelf } from '@moltbot/tools'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import builtin from './builtin.ts'

const tools = shelf.map((tool) => ({ name: tool.name, description: tool.description, input: JSON.parse(JSON.stringify(tool.input)) as Record<string, unknown> }))
const noNetwork: typeof globalThis.fetch = () => {
  throw new Error('the built-in assistant has no business on the network')
}
const model: Model = builtin.connect({ id: 'builtin', baseUrl: '', headers: {}, compat: {} }, { fetch: noNetwork, clock: realClock, log: memoryLogger() })
const user = (text: string): ModelMessage => ({ role: 'user', content: [{ type: 'text', text }] })

/** Talks until it answers in words; `run` plays the tools. */
async function talk(text: string, run: (name: string, input: Record<string, unknown>) => string | { error: string } = () => '', changes: Partial<ModelRequest> = {}): Promise<{ answer: string; calls: [string, Record<string, unknown>][] }> {
  const messages: ModelMessage[] = [user(text)]
  const calls: [string, Record<string, unknown>][] = []
  for (let step = 0; step < 10; step++) {
    const { end } = await readModel(model.stream(modelRequest({ tools, messages: structuredClone(messages), model: 'assistant', ...changes })))
    messages.push(end.message)
    const asked = end.message.content.flatMap((part) => (part.type === 'tool-call' ? [part] : []))
    expect(end.stop).toBe(asked.length > 0 ? 'tool-use' : 'end')
    if (asked.length === 0) return { answer: end.message.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join(''), calls }
    for (const call of asked) {
      calls.push([call.name, call.input])
      const out = run(call.name, call.input)
      messages.push({ role: 'tool', callId: call.id, name: call.name, isError: typeof out !== 'string', content: [{ type: 'text', text: typeof out === 'string' ? out : out.error }] })
    }
  }
  throw new Error('it never answers')
}

describe('the built-in assistant', () => {
  it('says plainly what it is, in both languages', async () => {
    expect((await talk('hello')).answer).toMatch(/built-in assistant: no language model/)
    expect((await talk('Hallo!')).answer).toMatch(/eingebaute Assistent: kein Sprachmodell/)
    expect((await talk('write me a poem about the sea')).answer).toMatch(/did not understand.*not a language model/s)
  })

  it('explains how to add a model, with the exact commands', async () => {
    for (const text of ['how do I add a model?', 'Wie füge ich ein Modell hinzu?']) {
      const { answer } = await talk(text)
      for (const fact of ['moltbot onboard', 'moltbot models set', 'ANTHROPIC_API_KEY', '~/.moltbot/secrets.env', 'Ollama']) expect(answer).toContain(fact)
    }
  })

  it('keeps a note in a file of its own, and the same note in the same file', async () => {
    const first = await talk('note: buy milk', () => 'Created notes/buy-milk.md (11 bytes).')
    expect(first.calls).toEqual([['write', { path: 'notes/buy-milk.md', text: '- buy milk\n' }]])
    expect(first.answer).toBe('Noted: buy milk\n\n(in `notes/buy-milk.md`)')
    const paths = await Promise.all(['Buy milk!', 'buy milk?', 'Bücher & Käse', '日本語のメモ', '日本語の本'].map(async (text) => (await talk(`note: ${text}`)).calls[0]?.[1]['path']))
    expect(new Set(paths).size).toBe(5)
    for (const path of paths) expect(path).toMatch(/^notes\/[a-z0-9-]{1,60}\.md$/)
  })

  it('lists and finds notes from what the search tool says', async () => {
    const run = (): string => 'notes/buy-milk.md:1: - buy milk\nnotes/tea.md:1: - Ann likes tea: green'
    expect((await talk('what are my notes?', run)).answer).toBe('Your 2 notes:\n\n- buy milk\n- Ann likes tea: green')
    expect((await talk('find tea in my notes', () => 'notes/tea.md:1: - Ann likes tea: green')).answer).toBe('One note mentions "tea":\n\n- Ann likes tea: green')
    expect((await talk('find beer in my notes', () => 'No match.')).answer).toBe('None of your notes mentions "beer".')
    expect((await talk('Was sind meine Notizen?', () => ({ error: 'notes does not exist.' }))).answer).toMatch(/noch keine Notizen/)
  })

  it('reads, lists, writes, edits and searches with the tools it is offered', async () => {
    expect(await talk('read todo.md', () => 'call Ann\n')).toEqual({ calls: [['read', { path: 'todo.md' }]], answer: '`todo.md`:\n\n```\ncall Ann\n```' })
    expect((await talk('read a.md', () => 'x\n```js\n1\n```')).answer).toContain('````\nx\n```js')
    expect((await talk('list files', () => 'notes/')).calls).toEqual([['list', {}]])
    expect((await talk('write todo.md: call Ann', () => 'Created todo.md (9 bytes).')).calls).toEqual([['write', { path: 'todo.md', text: 'call Ann\n' }]])
    expect((await talk('replace "Ann" with "Bob" in todo.md', () => 'Edited todo.md at line 1.')).calls).toEqual([['edit', { path: 'todo.md', old: 'Ann', new: 'Bob' }]])
    expect((await talk('suche nach Milch', () => 'No match.')).calls).toEqual([['search', { text: 'Milch', ignore_case: true }]])
    expect((await talk('status', () => 'moltbot 1.0')).answer).toContain('moltbot 1.0')
    expect((await talk('read x.md', () => ({ error: 'x.md does not exist.' }))).answer).toBe('That did not work: x.md does not exist.')
  })

  it('says so when the tool is not there', async () => {
    const { answer, calls } = await talk('read todo.md', () => '', { tools: [] })
    expect(calls).toEqual([])
    expect(answer).toMatch(/can't read files here/)
  })

  it('does sums and dates, and has no clock of its own', async () => {
    expect((await talk('what is 2 + 3 * 4?')).answer).toBe('2 + 3 * 4 = 14')
    expect((await talk('was ist 3,5 mal 2?')).answer).toBe('3,5 * 2 = 7')
    expect((await talk('average of 3, 5 and 10')).answer).toBe('(3 + 5 + 10) / 3 = 6')
    expect((await talk('1/0')).answer).toMatch(/no result/)
    expect((await talk('what day is 2026-12-24?')).answer).toBe('2026-12-24 is a Thursday.')
    expect((await talk('what day is 2026-02-30?')).answer).toMatch(/no day/)
    expect((await talk('what day is it today?')).answer).toMatch(/no clock/)
    expect((await talk('what day is it today?', undefined, { system: 'You are x.\nToday is 2026-11-22 (UTC).' })).answer).toBe('Today is Sunday, 2026-11-22, as the gateway told me.')
    expect((await talk('2026-01-31 + 1 month')).answer).toBe('That is Saturday, 2026-02-28.')
    expect((await talk('what time is it?', () => 'time: 2026-11-22T13:05Z\nmoltbot 1')).answer).toContain('2026-11-22 13:05')
  })

  it('answers every message of one piece of work, in order', async () => {
    const messages = [user('what is 1+1?'), user('and hello')]
    messages[1] = user('what is 2+2?')
    const { end } = await readModel(model.stream(modelRequest({ tools, messages })))
    expect(end.message.content).toEqual([{ type: 'text', text: '1 + 1 = 2\n\n2 + 2 = 4' }])
  })

  it('streams word by word and stops when told', async () => {
    const control = new AbortController()
    const words: string[] = []
    let end: ModelEvent | undefined
    for await (const event of model.stream(modelRequest({ tools, messages: [user('help')], signal: control.signal }))) {
      if (event.type === 'text-delta') words.push(event.text)
      if (words.length === 5) control.abort()
      end = event
    }
    expect(end).toMatchObject({ type: 'end', stop: 'aborted', fault: { class: 'abort' }, message: { content: [{ text: words.join('') }] } })
    expect(words).toHaveLength(5)
  })

  it('keeps to the length it is given', async () => {
    const { end } = await readModel(model.stream(modelRequest({ tools, messages: [user('help')], maxOutputTokens: 20 })))
    expect(end.stop).toBe('length')
  })

  it('writes the summary of a conversation by rule', async () => {
    const system = 'You write the summary that replaces the older part of a conversation.\n## Goals\n## Open requests\n## Done and decided\n## Facts to keep\n## Next step\nWrite nothing outside.'
    const request = '<conversation>\n[Person]: note: see docs/plan.md\n\n[Assistant]: Noted.\n\n[Person]: read https://example.org/x\n</conversation>\n\nThe last request in it is still being worked on: it is an open request.\n\nWrite the summary now.'
    const { answer } = await talk(request, undefined, { system, tools: [] })
    expect(answer).toContain('## Open requests\n- "read https://example.org/x"')
    expect(answer).toContain('- docs/plan.md')
  })

  it('answers anything with well-formed events, the same each time', async () => {
    await fc.assert(fc.asyncProperty(fc.string(), async (text) => {
      const request = modelRequest({ tools, messages: [user(text)] })
      expect(await readModel(model.stream(request))).toEqual(await readModel(model.stream(request)))
    }), { numRuns: 50 })
  })
})
