import type { AgentEvent, AgentHost, AssistantMessage, ModelMessage, SessionId, SessionKey, ToolCallId, TurnId, TurnView } from '@moltbot/contract'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compact, findIdentifiers, needsCompaction, planCompaction, requiredIdentifiers, summaryGaps } from './compaction.ts'
import { estimateMessage, estimateTokens } from './estimate-tokens.ts'

const person = (text: string): ModelMessage => ({ role: 'user', content: [{ type: 'text', text }] })
const says = (text: string): AssistantMessage => ({ role: 'assistant', model: 'p/m', content: [{ type: 'text', text }] })
const calls = (id: string, input: Record<string, unknown> = {}): AssistantMessage => ({ role: 'assistant', model: 'p/m', content: [{ type: 'tool-call', id: id as ToolCallId, name: 'read', input }] })
const result = (id: string, text: string): ModelMessage => ({ role: 'tool', callId: id as ToolCallId, name: 'read', content: [{ type: 'text', text }], isError: false })
const options = { contextWindow: 32_000, reserve: 20_000, keepRecentTokens: 2_000, estimate: estimateTokens }
const blah = (tokens: number) => 'abcd'.repeat(tokens)

describe('where to cut', () => {
  test('short conversations are left alone', () => {
    expect(planCompaction([person('a'), says('b'), person('c')], options)).toMatchObject({ kind: 'nothing' })
    expect(planCompaction([], options)).toMatchObject({ kind: 'nothing' })
  })

  test('a call stays with its result', () => {
    const plan = planCompaction([person(blah(3_000)), calls('a'), result('a', blah(1_900)), person('x')], options)
    expect(plan).toMatchObject({ kind: 'summarise', kept: 3, split: true })
  })

  test('a person\'s message is preferred as the first that stays', () => {
    const plan = planCompaction([person(blah(3_000)), says(blah(300)), person(blah(1_500)), says('ok')], options)
    expect(plan).toMatchObject({ kind: 'summarise', kept: 2, split: false })
  })

  test('a last message larger than what should stay is kept when there is room', () => {
    expect(planCompaction([person(blah(9_000)), says('hm'), person(blah(6_000))], options)).toMatchObject({ kind: 'summarise', kept: 1 })
  })

  test('never cuts between a call and its result, whatever the conversation', () => {
    const turn = fc.array(fc.oneof(
      fc.nat(1_500).map((size) => [person(blah(size))]),
      fc.nat(800).map((size) => [says(blah(size))]),
      fc.tuple(fc.uuid(), fc.nat(3_000)).map(([id, size]) => [calls(id), result(id, blah(size))]),
    ), { maxLength: 14 }).map((groups) => groups.flat())
    fc.assert(fc.property(turn, (messages) => {
      const plan = planCompaction(messages, options)
      if (plan.kind === 'nothing') return
      expect(plan.older.length + plan.kept).toBe(messages.length)
      expect(plan.older.length).toBeGreaterThan(0)
      const kept = messages.slice(plan.older.length)
      expect(kept[0]?.role).not.toBe('tool')
      const ids = (some: ModelMessage[], role: string) => some.flatMap((message) => (message.role === 'tool' && role === 'tool' ? [message.callId] : message.role === 'assistant' && role === 'assistant' ? message.content.flatMap((part) => (part.type === 'tool-call' ? [part.id] : [])) : []))
      expect(ids(kept, 'tool').sort()).toEqual(ids(kept, 'assistant').sort())
    }))
  })

  test('the reserve is what triggers it, scaled down for small windows', () => {
    const turn = { system: '', contextWindow: 32_000 } as TurnView
    const host = { tools: [], estimateTokens }
    expect(needsCompaction(turn, host, [person(blah(15_000))], { reserve: 20_000, keepRecentTokens: 20_000 })).toBe(false)
    expect(needsCompaction(turn, host, [person(blah(17_000))], { reserve: 20_000, keepRecentTokens: 20_000 })).toBe(true)
  })
})

describe('what a summary must keep', () => {
  test('urls, paths, hashes, ids and long numbers are found, keys are not', () => {
    const text = 'See https://example.org/a?b=1, the file notes/plan.md and /etc/hosts.d/x, commit 3f2a91cde, ticket ABC-1234, order 4711900, 123e4567-e89b-42d3-a456-426614174000. Key sk-ant-api03-AbCdEfGhIjKlMnOp'
    expect(findIdentifiers(text)).toEqual(expect.arrayContaining(['https://example.org/a?b=1', 'notes/plan.md', '/etc/hosts.d/x', '3f2a91cde', 'ABC-1234', '4711900', '123e4567-e89b-42d3-a456-426614174000']))
    expect(findIdentifiers(text).join(' ')).not.toContain('AbCdEfGh')
  })

  test('ordinary prose has none', () => {
    expect(findIdentifiers('We talked about dinner, e.g. at seven, and the well-known cafe/bar downtown. 12 people.')).toEqual([])
  })

  test('tool output counts only when it was named again', () => {
    expect(requiredIdentifiers([result('a', 'x/one.txt x/two.txt'), person('open x/two.txt')])).toEqual(['x/two.txt'])
  })

  test('hostile text takes no long time to read', () => {
    for (const text of ['a/'.repeat(20_000), '+'.repeat(40_000), 'a-'.repeat(20_000), `${'a'.repeat(39_000)}!`, '0a'.repeat(20_000), '/a'.repeat(20_000), 'http://'.repeat(6_000)]) findIdentifiers(text)
  })

  test('an open request may not vanish', () => {
    const older = [person('Please translate the letter to grandmother into Portuguese')]
    const good = '## Open requests\n"Please translate the letter to grandmother into Portuguese"\n## Next step\ngo on'
    expect(summaryGaps(good, older, { split: true })).toEqual([])
    expect(summaryGaps('## Open requests\nnone', older, { split: true })).toHaveLength(1)
    expect(summaryGaps('All fine.', older, { split: false })).toHaveLength(1)
  })
})

describe('compacting', () => {
  test('two hundred turns in a small window: planted facts and ids survive', async () => {
    const messages: ModelMessage[] = []
    for (let turn = 0; turn < 200; turn++) {
      const fact = turn === 3 ? ' The door code is 778812.' : turn === 40 ? ' My order is ORD-55120.' : turn === 90 ? ' Put it into plans/garden.md.' : ''
      messages.push(person(`Message ${'lorem ipsum '.repeat(20)}${fact}`), says(`Answer ${'dolor sit '.repeat(30)}`))
    }
    messages.push(person('What was the code?'))
    const asked: string[] = []
    const host: AgentHost = {
      tools: [], parallel: () => true, takeSteering: () => [], estimateTokens, signal: new AbortController().signal,
      runTool: async () => { throw new Error('no tools here') },
      // A summariser that keeps exactly what it reads that looks like an identifier.
      async *callModel(call) {
        const text = call.messages.map((message) => message.content.map((part) => (part.type === 'text' ? part.text : '')).join('')).join('\n')
        asked.push(text)
        const kept = ['778812', 'ORD-55120', 'plans/garden.md'].filter((id) => text.includes(id))
        yield { type: 'end', stop: 'end', message: says(`## Goals\ntalk\n## Open requests\nnone\n## Facts to keep\n${kept.join('\n')}`), usage: { input: 1, output: 1, cacheRead: 0, cacheWrite: 0 } }
      },
    }
    const turn: TurnView = {
      id: 't' as TurnId, sessionKey: 'agent:main:main' as SessionKey, sessionId: 's' as SessionId, system: 'x', messages, unfinished: [], thinking: 'off', models: ['p/m'], strict: false,
      contextWindow: 32_000, maxOutputTokens: 2_000, stepsMax: 5,
    }
    const events: AgentEvent[] = []
    for await (const event of compact(turn, host, 'the garden')) events.push(event)
    const end = events.at(-1)
    expect(events.map((event) => event.type)).toEqual(['compaction-start', 'compaction-end'])
    if (end?.type !== 'compaction-end' || end.summary === undefined) throw new Error('no summary')
    for (const fact of ['778812', 'ORD-55120', 'plans/garden.md']) expect(end.summary).toContain(fact)
    // More than one call's worth: each later piece carried the earlier summary.
    expect(asked.length).toBeGreaterThan(1)
    expect(asked.every((text) => text.includes('the garden'))).toBe(true)
    const kept = messages.slice(messages.length - (end.kept ?? 0)).reduce((sum, message) => sum + estimateMessage(message, estimateTokens), 0)
    expect(kept).toBeLessThanOrEqual(8_000)
    expect(kept).toBeGreaterThan(4_000)
  })
})
