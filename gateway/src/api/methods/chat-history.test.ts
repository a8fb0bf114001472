import { expect, it } from 'vitest'
import { noUsage } from '@moltbot/contract'
import type { Channel, InboxId, SessionId, ToolCallId } from '@moltbot/contract'
import { callMethod, fakeCaller } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import type { WireMessage } from '../wire/message.ts'
import { chatHistory } from './chat-history.ts'

const main = 'agent:main:main'
const page = (answer: Awaited<ReturnType<typeof callMethod<typeof chatHistory.params, typeof chatHistory.result>>>) => {
  if ('kind' in answer) throw new Error('a reset instead of a page')
  return answer
}

it('shows every kind of entry as clients read it', async () => {
  const rooms = await fakeRooms()
  rooms.channels = [{ id: 'web', senders: 'authenticated' } as unknown as Channel]
  rooms.state.inbox.push({ id: 'in1', chat: { channel: 'web' }, message: { id: 'K' } } as never, { id: 'in2', chat: { channel: 'telegram' }, message: { id: '7' } } as never)
  rooms.session(main, { id: 's1' as SessionId, settings: { thinking: 'high' } })
  rooms.entry(main, { kind: 'user', message: { role: 'user', content: [{ type: 'text', text: 'hi' }, { type: 'image', mimeType: 'image/png', data: 'AA==' }] }, inbox: ['in1' as InboxId] })
  rooms.entry(main, { kind: 'user', message: { role: 'user', content: [{ type: 'text', text: 'from a network' }] }, inbox: ['in2' as InboxId], from: 'Ann' })
  rooms.entry(main, {
    kind: 'assistant', stop: 'tool-use', usage: { ...noUsage, input: 3, output: 2 },
    message: { role: 'assistant', model: 'p/m', content: [{ type: 'thinking', text: 'hm', signature: 'secret-signature' }, { type: 'text', text: 'Looking.' }, { type: 'tool-call', id: 'c1' as ToolCallId, name: 'read', input: { path: 'a' } }] },
  }, 'tn1')
  rooms.entry(main, { kind: 'tool-result', message: { role: 'tool', callId: 'c1' as ToolCallId, name: 'read', content: [{ type: 'text', text: 'words' }], isError: false } })
  rooms.entry(main, { kind: 'assistant', stop: 'end', usage: noUsage, message: { role: 'assistant', model: 'p/m', content: [{ type: 'text', text: 'NO_REPLY' }] } })
  rooms.entry(main, { kind: 'summary', text: 'Earlier: …', keptFrom: 1 })
  rooms.entry(main, { kind: 'injected', text: 'by hand', label: 'Note' })
  const answer = page(await callMethod(chatHistory, { sessionKey: 'main', limit: 200 }, rooms))
  expect(answer).toMatchObject({ sessionKey: 'main', sessionId: 's1', thinkingLevel: 'high', hasMore: false, sessionInfo: { key: main, hasActiveRun: false } })
  expect(answer.messages).toMatchObject([
    { role: 'user', content: [{ type: 'text', text: 'hi' }, { type: 'image', mimeType: 'image/png', data: 'AA==' }], idempotencyKey: 'K:user' },
    { role: 'user', senderLabel: 'Ann' },
    {
      role: 'assistant', provider: 'p', model: 'm', stopReason: 'toolUse', usage: { input: 3, output: 2, totalTokens: 5 },
      content: [{ type: 'thinking', thinking: 'hm' }, { type: 'text', text: 'Looking.' }, { type: 'toolCall', id: 'c1', name: 'read', arguments: { path: 'a' } }],
      __openclaw: { runId: 'tn1' },
    },
    { role: 'toolResult', toolCallId: 'c1', toolName: 'read', isError: false, content: [{ type: 'text', text: 'words' }] },
    { role: 'system', __openclaw: { kind: 'compaction' } },
    { role: 'assistant', model: 'gateway-injected', stopReason: 'stop', content: [{ text: '[Note]\n\nby hand' }] },
  ])
  expect(answer.messages[1]).not.toHaveProperty('idempotencyKey')
  expect(JSON.stringify(answer)).not.toContain('secret-signature')
})

it('a session nobody spoke in is empty', async () => {
  expect(page(await callMethod(chatHistory, { sessionKey: 'agent:main:new' }, await fakeRooms()))).toMatchObject({ messages: [], hasMore: false })
})

it('drops the oldest until the answer is light enough, and pages by offset', async () => {
  const rooms = await fakeRooms()
  for (let at = 0; at < 10; at += 1) rooms.entry(main, { kind: 'note', text: `${at}${'x'.repeat(1000)}` })
  const texts = (messages: WireMessage[]) => messages.map(({ content: [first] }) => (first?.type === 'text' ? first.text.slice(0, 1) : undefined))
  const light = page(await callMethod(chatHistory, { sessionKey: 'main', maxBytes: 4000 }, rooms))
  expect(texts(light.messages)).toEqual(['7', '8', '9'])
  expect(light).toMatchObject({ hasMore: true, nextOffset: 3 })
  expect(texts(page(await callMethod(chatHistory, { sessionKey: 'main', limit: 3, offset: 3 }, rooms)).messages)).toEqual(['4', '5', '6'])
})

it('never answers more than 6 MiB', async () => {
  const rooms = await fakeRooms()
  for (let at = 0; at < 5; at += 1) rooms.entry(main, { kind: 'note', text: 'ä'.repeat(1024 * 1024) })
  expect(page(await callMethod(chatHistory, { sessionKey: 'main' }, rooms)).messages).toHaveLength(2)
})

it('a cursor is answered with "fetch a page", unknown keys of protocol 4 are ignored, wrong limits are not', async () => {
  const rooms = await fakeRooms()
  expect(await callMethod(chatHistory, { sessionKey: 'main', cursor: 'x', brandNew: 1 }, rooms)).toEqual({ kind: 'reset' })
  await expect(callMethod(chatHistory, { sessionKey: 'main', limit: 1001 }, rooms)).rejects.toThrow('invalid chat.history params: at /limit')
})

it('remembers how protocol 3 writes the key', async () => {
  const rooms = await fakeRooms()
  const three = fakeCaller({ protocol: 3 })
  await callMethod(chatHistory, { sessionKey: 'Main' }, rooms, three)
  expect(rooms.runs.spellingFor(three, main as never)).toBe('Main')
  three.leave()
  expect(rooms.runs.spellingFor(three, main as never)).toBe(main)
})

it('refuses keys of agents that do not exist', async () => {
  await expect(callMethod(chatHistory, { sessionKey: 'agent:nobody:main' }, await fakeRooms())).rejects.toThrow('unknown agent id "nobody"')
  await expect(callMethod(chatHistory, { sessionKey: 'agent:main:main', agentId: 'other' }, await fakeRooms())).rejects.toThrow('does not match')
})

it('shows answers to tap that were sent outside any turn, and which of them are spent', async () => {
  const rooms = await fakeRooms()
  rooms.entry(main, { kind: 'note', text: 'before' })
  const buttons = [{ label: 'Yes', says: '/approve AB23 once' }, { label: 'No', says: '/deny AB23' }]
  const row = (id: string, more: object): never => ({ id, chat: { channel: 'web', account: 'default', chat: main }, markdown: 'May I?', createdAt: rooms.clock.now() + 1_000, ...more }) as never
  rooms.state.deliveries.push(row('de1', { spentButtons: buttons }), row('de2', { buttons }))
  const { messages } = page(await callMethod(chatHistory, { sessionKey: 'main' }, rooms))
  expect(messages.slice(1)).toEqual([
    expect.objectContaining({ id: 'de1', role: 'assistant', content: [{ type: 'text', text: 'May I?' }], buttons, buttonsSpent: true }),
    expect.objectContaining({ id: 'de2', buttons }),
  ])
  expect(messages[2]).not.toHaveProperty('buttonsSpent')
})
