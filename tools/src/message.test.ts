import { testTool } from '@moltbot/contract/testing'
import { ownConversation, type Messages, type SentMessage } from '@moltbot/contract'
import { describe, expect, test } from 'vitest'
import { message } from './message.ts'

function messages(over: Partial<SentMessage> = {}): { grant: Messages; done: unknown[][] } {
  const done: unknown[][] = []
  const sent = (to: string | undefined): SentMessage => ({ id: 'de-1', to: to ?? 'telegram:1001', state: 'sent', again: false, ...over })
  return {
    done,
    grant: {
      recipients: async () => [{ id: 'telegram:2002', names: ['Bea\u202e'] }],
      async send(words) {
        done.push(['send', words])
        return sent(words.to)
      },
      speak: async () => sent(undefined),
      edit: async (...all) => void done.push(['edit', ...all.slice(0, 3)]),
      remove: async (...all) => void done.push(['remove', ...all.slice(0, 2)]),
      react: async (...all) => void done.push(['react', ...all.slice(0, 3)]),
      pin: async (...all) => void done.push(['pin', ...all.slice(0, 2)]),
      unpin: async (...all) => void done.push(['unpin', ...all.slice(0, 2)]),
      async sticker(one) {
        done.push(['sticker', one])
        return sent(one.to)
      },
      async poll(words) {
        done.push(['poll', words])
        return sent(words.to)
      },
    },
  }
}

testTool(message, {
  examples: [{ action: 'send', to: 'telegram:2002', text: 'Tea is ready' }, { action: 'reply', text: 'yes' }, { action: 'react', text: '👍' }, { action: 'edit', id: 'de-1', text: 'Coffee' }, { action: 'delete', id: 'de-1' }, { action: 'poll', text: 'Tea?', options: ['yes', 'no'] }, { action: 'pin' }, { action: 'unpin', id: 'de-1' }, { action: 'sticker', text: '😎' }, { action: 'list' }],
  grants: () => ({ messages: messages().grant }),
  refused: [{}, { action: 'broadcast', text: 'x' }, { action: 'poll', text: 'x', options: ['one'] }],
})

const run = async (input: Parameters<typeof message.run>[0], over: Partial<SentMessage> = {}) => {
  const { grant, done } = messages(over)
  const result = await message.run(input, { messages: grant }, new AbortController().signal)
  const [part] = result.content
  return { ...result, text: part?.type === 'text' ? part.text : '', done }
}

describe('message', () => {
  test('what leaves the conversation names who gets it; what stays in it says so', () => {
    expect(message.effects({ action: 'send', to: ' Bea ', text: 'x' })).toEqual([{ kind: 'sends', to: 'Bea' }])
    expect(message.effects({ action: 'send', file: 'a.pdf' })).toEqual([{ kind: 'reads-private', what: 'a.pdf' }, { kind: 'sends', to: ownConversation, file: 'a.pdf' }])
    const url = 'https://site.example/a.pdf?q=1'
    expect(message.effects({ action: 'send', to: 'Bea', file: url })).toEqual([{ kind: 'reaches-host', host: 'site.example', url }, { kind: 'sends', to: 'Bea', file: url }])
    for (const action of ['send', 'reply', 'react', 'edit', 'delete', 'pin', 'unpin', 'poll', 'sticker'] as const) expect(message.effects({ action, text: 'x', id: 'de-1' })).toEqual([{ kind: 'sends', to: ownConversation }])
    expect(message.effects({ action: 'list' }).map(({ kind }) => kind)).toEqual(['reads-private'])
  })
  test('a recipient who calls themselves as this conversation is called is not it', () => {
    expect(message.effects({ action: 'send', to: ` ${ownConversation} `, text: 'x' })).not.toEqual([{ kind: 'sends', to: ownConversation }])
  })
  test('the model hears what became of it', async () => {
    expect((await run({ action: 'send', to: 'telegram:2002', text: 'hi' })).text).toBe('Sent to telegram:2002 as message de-1.')
    expect((await run({ action: 'send', text: 'hi' }, { state: 'waiting' })).text).toContain('as soon as the network can be reached')
    expect((await run({ action: 'send', text: 'hi' }, { again: true })).text).toContain('already')
    expect((await run({ action: 'reply', text: 'hi' })).done).toEqual([['send', { text: 'hi', reply: true }]])
    expect((await run({ action: 'delete', id: 'de-1' })).done).toEqual([['remove', 'de-1', undefined]])
    expect((await run({ action: 'pin', id: 'de-1', to: 'Bea' })).done).toEqual([['pin', 'de-1', 'Bea']])
    expect((await run({ action: 'sticker', text: '😎' })).done).toEqual([['sticker', { name: '😎' }]])
    expect(await run({ action: 'sticker', file: 'a.webp', to: 'Bea' })).toMatchObject({ text: 'Sent to Bea.', done: [['sticker', { to: 'Bea', file: 'a.webp' }]] })
    await expect(run({ action: 'sticker' })).rejects.toThrow()
    expect(await run({ action: 'unpin' })).toMatchObject({ text: 'No longer pinned.', done: [['unpin', undefined, undefined]] })
  })
  test('names of people are their own words', async () => {
    const { origin, text } = await run({ action: 'list' })
    expect([origin, text]).toEqual(['external', 'telegram:2002 (Bea\\u{202e})'])
  })
})
