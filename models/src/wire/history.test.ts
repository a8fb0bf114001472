import type { ModelMessage, ToolCallId } from '@moltbot/contract'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { prepareHistory, shortHash, wellFormed, wireId } from './history.ts'

const id = (text: string): ToolCallId => text as ToolCallId
const user = (text: string): ModelMessage => ({ role: 'user', content: [{ type: 'text', text }] })
const call = (...ids: string[]): ModelMessage => ({ role: 'assistant', model: 'p/m', content: ids.map((one) => ({ type: 'tool-call', id: id(one), name: 'read', input: {} })) })
const result = (one: string, text = 'ok'): ModelMessage => ({ role: 'tool', callId: id(one), name: 'read', isError: false, content: [{ type: 'text', text }] })

describe('prepareHistory', () => {
  it('puts the results right behind their calls, in the order of the calls, and what was said in between after them', () => {
    const prepared = prepareHistory([user('go'), call('a', 'b'), user('wait'), result('b', 'B'), result('a', 'A')], 'p/m')
    expect(prepared.map((message) => message.role)).toEqual(['user', 'assistant', 'results', 'user'])
    expect(prepared[2]?.role === 'results' && prepared[2].results.map((one) => one.callId)).toEqual(['a', 'b'])
  })

  it('answers calls nobody answered, and drops results nobody asked for', () => {
    const prepared = prepareHistory([result('x'), user('go'), call('a'), user('still there?')], 'p/m')
    expect(prepared.map((message) => message.role)).toEqual(['user', 'assistant', 'results', 'user'])
    expect(prepared[2]).toMatchObject({ results: [{ callId: 'a', isError: true }] })
  })

  it('keeps thinking and signatures for the model that wrote them only', () => {
    const message: ModelMessage = { role: 'assistant', model: 'p/m', content: [{ type: 'thinking', text: 'hm', signature: 's' }, { type: 'tool-call', id: id('a'), name: 'read', input: {}, signature: 't' }] }
    expect(prepareHistory([user('go'), message], 'p/m')[1]).toMatchObject({ content: [{ type: 'thinking' }, { signature: 't' }] })
    const other = prepareHistory([user('go'), message], 'p/other')[1]
    expect(JSON.stringify(other)).not.toMatch(/hm|signature/)
  })

  const message = fc.oneof(
    fc.string().map(user),
    fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 3 }).map((ids) => call(...ids)),
    fc.constantFrom('a', 'b', 'c', 'd', 'e').map((one) => result(one)),
    fc.string().map((text): ModelMessage => ({ role: 'assistant', model: 'q/n', content: [{ type: 'text', text }] })),
  )

  it('always gives a conversation in which every call has exactly its results next', () => {
    fc.assert(fc.property(fc.array(message, { maxLength: 20 }), (messages) => {
      const prepared = prepareHistory(messages, 'p/m')
      prepared.forEach((one, at) => {
        const calls = one.role === 'assistant' ? one.content.flatMap((part) => (part.type === 'tool-call' ? [part.id] : [])) : []
        const next = prepared[at + 1]
        expect(next?.role === 'results' ? next.results.map((each) => each.callId) : []).toEqual(calls)
        expect(one.role !== 'results' || prepared[at - 1]?.role === 'assistant').toBe(true)
      })
    }))
  })

  it('is append-stable from every finished answer on', () => {
    fc.assert(fc.property(fc.array(message, { maxLength: 12 }), fc.array(message, { maxLength: 6 }), (first, more) => {
      const beginning = [...first, { role: 'assistant', model: 'q/n', content: [{ type: 'text', text: 'done' }] } satisfies ModelMessage]
      const prefix = prepareHistory(beginning, 'p/m')
      expect(prepareHistory([...beginning, ...more], 'p/m').slice(0, prefix.length)).toEqual(prefix)
    }))
  })
})

it('wireId keeps good ids, makes others safe, and tells them apart', () => {
  expect(wireId('toolu_01-Ab')).toBe('toolu_01-Ab')
  fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => {
    expect(wireId(text)).toMatch(/^[A-Za-z0-9_-]{0,64}$/)
    expect(wireId(text)).toBe(wireId(text))
    expect(shortHash(text)).toMatch(/^[a-z0-9]{9}$/)
  }))
  expect(wireId('a.b')).not.toBe(wireId('a:b'))
  const many = new Set(Array.from({ length: 20_000 }, (_, at) => shortHash(`call_${at}`)))
  expect(many.size).toBeGreaterThan(19_990)
})

it('wellFormed replaces half characters only', () => {
  expect(wellFormed('a🎉b\uD83C')).toBe('a🎉b\uFFFD')
  expect(wellFormed('\uDF89x')).toBe('\uFFFDx')
})
