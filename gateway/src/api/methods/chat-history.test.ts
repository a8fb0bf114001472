import { expect, it } from 'vitest'
import { noUsage } from '@moltbot/contract'
import type { Channel, InboxId, SessionId, ToolCallId, TurnId, TurnOutcome } from '@moltbot/contract'
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
  rooms.state.inbox.push({ id: 'in1', chat: { channel: 'web' }, message: { id: 'K' }, end: 'answered' } as never, { id: 'in2', chat: { channel: 'telegram' }, message: { id: '7' }, end: 'answered' } as never)
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

it('says of each message of a person how far it is, as the ledger has it', async () => {
  const rooms = await fakeRooms()
  rooms.channels = [{ id: 'web', senders: 'authenticated' } as unknown as Channel]
  const cases: readonly [end: string | null, detail: string | null, progress: object, turn?: TurnOutcome['kind'], delivery?: object][] = [
    [null, null, { state: 'accepted' }],
    [null, null, { state: 'delivering', reason: 'the line is down' }, 'answered', { error: 'the line is down', settledAt: null }],
    ['answered', null, { state: 'answered' }, 'answered'],
    ['answered', 'delivery uncertain', { state: 'uncertain' }, 'answered'],
    ['answered', null, { state: 'stopped' }, 'aborted'],
    ['silent', 'stopped before it was begun', { state: 'stopped' }],
    ['silent', 'the assistant chose to say nothing', { state: 'unanswered', reason: 'the assistant chose to say nothing' }, 'silent'],
    ['failed', 'told', { state: 'unanswered', reason: 'I could not finish: no credit.' }, 'failed', { markdown: 'Half.\n\nI could not finish: no credit.', settledAt: 1 }],
    ['failed', 'could not be delivered: the bot was blocked', { state: 'undelivered', reason: 'the bot was blocked' }, 'answered'],
    ['denied', 'shut out', { state: 'unanswered', reason: 'shut out' }],
    ['merged', 'in8', { state: 'undelivered', reason: 'the bot was blocked' }],
    ['command', '/status', { state: 'answered' }],
  ]
  for (const [at, [end, detail, , turn, delivery]] of cases.entries()) {
    const turnId = turn === undefined ? null : `tn${at}` as TurnId
    rooms.state.inbox.push({ id: `in${at}`, chat: { channel: 'web' }, message: { id: `K${at}`, attachments: [] }, sessionKey: 'other', turnId, end, endDetail: detail } as never)
    if (turn !== undefined) rooms.state.turns.set(`tn${at}` as TurnId, turn)
    if (delivery !== undefined) rooms.state.deliveries.push({ turnId, part: 0, chat: {}, ...delivery } as never)
    if (end === 'command') rooms.entry(main, { kind: 'command', by: 'person', text: '/status', inbox: `in${at}` as InboxId })
    else rooms.entry(main, { kind: 'user', message: { role: 'user', content: [{ type: 'text', text: 'hi' }] }, inbox: [`in${at}` as InboxId] })
  }
  const { messages, waiting } = page(await callMethod(chatHistory, { sessionKey: 'main' }, rooms))
  expect(messages.map(({ progress }) => progress)).toEqual(cases.map(([, , progress]) => progress))
  expect(messages.map(({ idempotencyKey }) => idempotencyKey)).toEqual(cases.map((_, at) => `K${at}:user`))
  expect(waiting).toBeUndefined()
})

it('shows what was accepted and stands in no line yet, once', async () => {
  const rooms = await fakeRooms()
  rooms.channels = [{ id: 'web', senders: 'authenticated' } as unknown as Channel]
  const row = (id: string, more: object): never => ({ id, chat: { channel: 'web' }, sessionKey: main, turnId: null, end: null, endDetail: null, receivedAt: 5, ...more }) as never
  rooms.state.inbox.push(
    row('in1', { message: { id: 'K1', text: 'in its line already', attachments: [], sender: {} } }),
    row('in2', { message: { id: 'K2', text: 'and this?', attachments: [{ kind: 'image', fileName: 'map.png' }], sender: { name: 'Olga' } } }),
    row('in3', { message: { id: '9', text: 'from a network', attachments: [], sender: { name: 'Ann' } }, chat: { channel: 'telegram' } }),
    row('in4', { message: { id: 'j', text: 'a job', attachments: [], sender: {}, job: { id: 'j1', dueAt: 1 } } }),
    row('in5', { message: { id: 'K5', text: 'elsewhere', attachments: [], sender: {} }, sessionKey: 'agent:main:other' }),
    row('in6', { message: { id: 'K6', text: 'over', attachments: [], sender: {} }, end: 'answered' }),
  )
  rooms.entry(main, { kind: 'user', message: { role: 'user', content: [{ type: 'text', text: 'in its line already' }] }, inbox: ['in1' as InboxId] })
  const { waiting } = page(await callMethod(chatHistory, { sessionKey: 'main' }, rooms))
  const line = (text: string, more: object) => ({ role: 'user', content: [{ type: 'text', text }], timestamp: 5, progress: { state: 'accepted' }, ...more })
  expect(waiting).toEqual([line('and this?\n[map.png]', { inboxId: 'in2', idempotencyKey: 'K2:user' }), line('from a network', { inboxId: 'in3', senderLabel: 'Ann' })])
  expect(page(await callMethod(chatHistory, { sessionKey: 'main', offset: 1 }, rooms)).waiting).toBeUndefined()
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
