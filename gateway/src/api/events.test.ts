import { defaultAccount, noUsage, ownerPrincipal } from '@moltbot/contract'
import type { AgentEvent, Channel, ChatRef, DeliveryKey, EntryId, InboxId, SessionId, SessionKey, ToolCallId, TurnId, TurnOutcome } from '@moltbot/contract'
import { FakeClock } from '@moltbot/contract/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Compile } from 'typebox/compile'
import type { FeedItem, RunningTurn } from '../journey/sessions/types.ts'
import { createWireEvents } from './events.ts'
import { chatAbort } from './methods/chat-abort.ts'
import { chatSend } from './methods/chat-send.ts'
import { callMethod, fakeBroadcast, fakeCaller, settled } from './testing/call-method.ts'
import type { FakeCaller } from './testing/call-method.ts'
import { fakeRooms } from './testing/fake-rooms.ts'
import type { FakeRooms } from './testing/fake-rooms.ts'
import { AgentEvent as AgentSchema, ChatEvent, SessionMessageEvent, SessionProgressEvent, SessionsChangedEvent } from './wire/events.ts'

const main = 'agent:main:main' as SessionKey
const start = 1_770_000_000_000

let clock: FakeClock
let rooms: FakeRooms
let three: FakeCaller
let four: FakeCaller
let broadcast: ReturnType<typeof fakeBroadcast>
let stop: () => void

beforeEach(async () => {
  clock = new FakeClock(start)
  rooms = await fakeRooms({ clock })
  rooms.channels = ['web', 'terminal'].map((id) => ({ id, label: id, senders: 'authenticated' }) as unknown as Channel)
  rooms.session(main, { id: 'ses-main' as SessionId })
  three = fakeCaller({ protocol: 3, client: { id: 'clawdbot-control-ui', mode: 'webchat' } })
  four = fakeCaller({ caps: ['tool-events'] })
  broadcast = fakeBroadcast([three, four])
  stop = createWireEvents(rooms).start(broadcast)
})
afterEach(async () => {
  stop()
  for (const { event, payload } of [...three.heard, ...four.heard]) {
    const schema = { chat: ChatEvent, agent: AgentSchema, 'session.message': SessionMessageEvent, 'session.progress': SessionProgressEvent, 'sessions.changed': SessionsChangedEvent }[event]
    if (schema !== undefined) expect(Compile(schema).Errors(payload), `${event} ${JSON.stringify(payload)}`).toEqual([])
  }
  expect(rooms.state.lines.filter((line) => line.level === 'error')).toEqual([])
  await rooms.store.close()
})

const turnOf = (id: string, messages: [inbox: string, platformId: string][] = []): RunningTurn => ({
  id: id as TurnId, key: main, startedAt: clock.now(), model: null, messages: messages.map(([inbox, platformId]) => ({ inbox: inbox as InboxId, platformId })),
})
const during = (turn: RunningTurn, ...events: AgentEvent[]): void => {
  for (const event of events) rooms.emit({ kind: 'turn', turn, sessionId: 'ses-main' as SessionId, event, at: clock.now() })
}
const ends = (turn: RunningTurn, outcome: TurnOutcome): void => {
  during(turn, { type: 'turn-end', outcome })
  rooms.emit({ kind: 'turn-settled', turn, outcome, at: clock.now() })
}
const said = (text: string): AgentEvent => ({
  type: 'assistant-end', message: { role: 'assistant', model: 'p/m', content: [{ type: 'text', text }] }, usage: { ...noUsage, input: 10, output: 5 }, stop: 'end', model: 'p/m',
})
const ended = (inbox: string, platformId: string, end: string, more: Partial<FeedItem & { kind: 'message-ended' }> = {}): FeedItem => ({
  kind: 'message-ended', inbox: inbox as InboxId, platformId, key: main, end, detail: null, turnId: null, ...more,
})
const of = (caller: FakeCaller, event: string): Record<string, unknown>[] => caller.heard.flatMap((one) => (one.event === event ? [one.payload] : []))
const states = (caller: FakeCaller): string[] => of(caller, 'chat').map((payload) => `${String(payload['runId'])} ${String(payload['state'])}`)
const order = (caller: FakeCaller): string[] => caller.heard.map(({ event, payload }) => (event === 'chat' ? `chat ${String(payload['state'])}`
  : event === 'agent' ? `agent ${String(payload['stream'])}${payload['stream'] === 'lifecycle' || payload['stream'] === 'tool' ? ` ${String((payload['data'] as Record<string, unknown>)['phase'])}` : ''}` : event))

/** Sends over the given connection and returns the inbox id under which it was accepted. */
const send = async (caller: FakeCaller, key: string, sessionKey = 'main', message = 'hi'): Promise<InboxId> => {
  expect(await callMethod(chatSend, { sessionKey, message, deliver: false, idempotencyKey: key }, rooms, caller)).toEqual({ runId: key, status: 'started' })
  const inbox = rooms.runs.ofMessage(key, main)?.inbox
  if (inbox == null) throw new Error('the message was not accepted')
  return inbox
}

describe('a chat turn', () => {
  it('on protocol 3 looks as the protocol says: cumulative text, the sender’s spelling of the key, one final', async () => {
    const inbox = await send(three, 'K')
    const turn = turnOf('tn1', [[inbox, 'K']])
    await settled()
    during(turn, { type: 'turn-start' }, { type: 'model-start', model: 'p/m' }, { type: 'text-delta', text: 'Hel' })
    await clock.advance(150)
    during(turn, { type: 'text-delta', text: 'lo' }, said('Hello'))
    ends(turn, { kind: 'answered', text: 'Hello' })
    await settled()
    const text = (words: string, at: number) => ({ role: 'assistant', content: [{ type: 'text', text: words }], timestamp: at })
    expect(three.heard).toEqual([
      { event: 'agent', payload: { runId: 'K', seq: 1, stream: 'lifecycle', ts: start, data: { phase: 'start', startedAt: start }, sessionKey: 'main' } },
      { event: 'agent', payload: { runId: 'K', seq: 3, stream: 'assistant', ts: start, data: { text: 'Hel', delta: 'Hel' }, sessionKey: 'main' } },
      { event: 'chat', payload: { runId: 'K', sessionKey: 'main', seq: 3, state: 'delta', message: text('Hel', start) } },
      { event: 'agent', payload: { runId: 'K', seq: 4, stream: 'assistant', ts: start + 150, data: { text: 'Hello', delta: 'lo' }, sessionKey: 'main' } },
      { event: 'chat', payload: { runId: 'K', sessionKey: 'main', seq: 4, state: 'delta', message: text('Hello', start + 150) } },
      { event: 'agent', payload: { runId: 'K', seq: 7, stream: 'lifecycle', ts: start + 150, data: { phase: 'end', startedAt: start, endedAt: start + 150 }, sessionKey: 'main' } },
      {
        event: 'chat',
        payload: {
          runId: 'K', sessionKey: 'main', seq: 7, state: 'final', message: text('Hello', start + 150),
          usage: { input: 10, output: 5, cacheRead: 0, cacheWrite: 0, totalTokens: 15 }, stopReason: 'stop', model: 'p/m',
        },
      },
    ])
  })

  it('on protocol 4 carries what is new, the canonical key, the agent and more streams', async () => {
    const inbox = await send(four, 'K')
    await settled()
    const turn = turnOf('tn1', [[inbox, 'K']])
    during(turn, { type: 'turn-start' }, { type: 'model-start', model: 'p/m' }, { type: 'thinking-delta', text: 'hm' }, { type: 'text-delta', text: 'Hello' }, { type: 'text-delta', text: ' world' }, said('Hello world'))
    ends(turn, { kind: 'answered', text: 'Hello world' })
    await settled()
    expect(of(four, 'chat').slice(0, 2)).toEqual([
      { runId: 'K', sessionKey: main, seq: 4, state: 'delta', message: { role: 'assistant', content: [{ type: 'text', text: 'Hello' }], timestamp: start }, agentId: 'main', deltaText: 'Hello' },
      { runId: 'K', sessionKey: main, seq: 5, state: 'delta', message: { role: 'assistant', content: [{ type: 'text', text: 'Hello world' }], timestamp: start }, agentId: 'main', deltaText: ' world' },
    ])
    expect(order(four)).toEqual([
      'agent lifecycle start', 'agent lifecycle model', 'agent thinking', 'agent assistant', 'chat delta', 'agent assistant', 'chat delta', 'agent usage',
      'agent lifecycle finishing', 'agent lifecycle end', 'chat final',
    ])
    expect(of(four, 'agent')[0]).toMatchObject({ agentId: 'main', sessionId: 'ses-main', sessionKey: main })
  })

  it('throttles protocol 3 to one delta per 150 ms and still shows the whole text before the end of a message', async () => {
    const turn = turnOf('tn1')
    during(turn, { type: 'turn-start' })
    for (const word of ['a', 'b', 'c', 'd']) {
      during(turn, { type: 'text-delta', text: word })
      await clock.advance(40)
    }
    during(turn, said('abcd'))
    const texts = (caller: FakeCaller) => of(caller, 'chat').map((payload) => (payload['message'] as { content: { text: string }[] }).content[0]?.text)
    expect(texts(three)).toEqual(['a', 'abcd'])
    expect(texts(four)).toEqual(['a', 'ab', 'abc', 'abcd'])
    expect(broadcast.droppable.filter((one) => one.event === 'chat').every((one) => one.droppable)).toBe(true)
    ends(turn, { kind: 'answered', text: 'abcd' })
    expect(broadcast.droppable.filter((one) => one.event === 'chat').at(-1)).toEqual({ event: 'chat', droppable: false })
  })

  it('tells long texts in larger steps, and loses nothing of them', async () => {
    const turn = turnOf('tn1')
    during(turn, { type: 'turn-start' })
    let whole = ''
    for (let at = 0; at < 400; at += 1) {
      const text = `${String(at).padStart(50, '.')}\n`
      whole += text
      during(turn, { type: 'text-delta', text })
      await clock.advance(1)
    }
    await clock.advance(200)
    const deltas = of(four, 'chat').map((payload) => String(payload['deltaText']))
    expect(deltas.join('')).toBe(whole)
    expect(deltas.length).toBeLessThan(150)
  })

  it('starts the text anew after a tool round and marks it as a replacement', async () => {
    const turn = turnOf('tn1')
    during(turn, { type: 'turn-start' }, { type: 'model-start', model: 'p/m' }, { type: 'text-delta', text: 'Let me look.' }, said('Let me look.'),
      { type: 'model-start', model: 'p/m' }, { type: 'text-delta', text: 'Done.' }, said('Done.'))
    ends(turn, { kind: 'answered', text: 'Done.' })
    await settled()
    const chats = of(four, 'chat')
    expect(chats[0]).not.toHaveProperty('replace')
    expect(chats[1]).toMatchObject({ deltaText: 'Done.', replace: true, message: { content: [{ text: 'Done.' }] } })
    expect(chats.at(-1)).toMatchObject({ state: 'final', message: { content: [{ text: 'Done.' }] } })
  })

  it('never shows the silent token, and still ends the run', async () => {
    const turn = turnOf('tn1')
    during(turn, { type: 'turn-start' }, { type: 'text-delta', text: 'NO_' }, { type: 'text-delta', text: 'REPLY' }, said('NO_REPLY'))
    ends(turn, { kind: 'silent' })
    await settled()
    expect(of(three, 'chat')).toEqual([{ runId: 'tn1', sessionKey: main, seq: expect.any(Number), state: 'final' }])
    expect(JSON.stringify([...three.heard, ...four.heard])).not.toContain('NO_')
  })

  it('shows an answer that merely begins like the silent token', async () => {
    const turn = turnOf('tn1')
    during(turn, { type: 'turn-start' }, { type: 'text-delta', text: 'NO' }, said('NO'))
    ends(turn, { kind: 'answered', text: 'NO' })
    await settled()
    expect(states(three)).toEqual(['tn1 delta', 'tn1 final'])
  })

  it('ends with an error in words when the model failed', async () => {
    const turn = turnOf('tn1')
    during(turn, { type: 'turn-start' })
    ends(turn, { kind: 'failed', fault: { class: 'rate_limit', message: 'Too many requests.' }, text: '' })
    await settled()
    expect(of(three, 'chat')).toEqual([{ runId: 'tn1', sessionKey: main, seq: 2, state: 'error', errorMessage: 'Too many requests.' }])
    expect(of(four, 'chat')[0]).toMatchObject({ errorKind: 'rate_limit' })
    expect(of(three, 'agent').at(-1)).toMatchObject({ stream: 'lifecycle', data: { phase: 'error', error: 'Too many requests.' } })
  })

  it('says nothing about the end when the gateway stops: the turn goes on after the restart under the same name', async () => {
    const inbox = await send(four, 'K')
    await settled()
    const turn = turnOf('tn1', [[inbox, 'K']])
    during(turn, { type: 'turn-start' })
    ends(turn, { kind: 'aborted', reason: 'shutdown', text: 'half' })
    await settled()
    expect(states(four)).toEqual([])

    // Another process: nothing in memory, the message is in the inbox.
    const after = await fakeRooms({ clock })
    after.channels = rooms.channels
    after.session(main)
    after.state.inbox.push({
      id: inbox, principal: ownerPrincipal, chat: { channel: 'web', account: defaultAccount, chat: main, kind: 'direct' } as unknown as ChatRef,
      message: { id: 'K' } as never, receivedAt: start, sessionKey: main, turnId: turn.id, attempts: 1, end: null, endDetail: null, endedAt: null,
    })
    const page = fakeCaller()
    const stopAfter = createWireEvents(after).start(fakeBroadcast([page]))
    after.emit({ kind: 'turn', turn, sessionId: 'ses-main' as SessionId, event: { type: 'turn-start' }, at: start })
    after.emit({ kind: 'turn', turn, sessionId: 'ses-main' as SessionId, event: { type: 'text-delta', text: 'whole' }, at: start })
    after.emit({ kind: 'turn-settled', turn, outcome: { kind: 'answered', text: 'whole' }, at: start })
    await settled()
    expect(states(page)).toEqual(['K delta', 'K final'])
    stopAfter()
    await after.store.close()
  })

  it('goes by its own id when it began on a network', async () => {
    rooms.state.inbox.push({
      id: 'in-t' as InboxId, principal: ownerPrincipal, chat: { channel: 'telegram', account: 'default', chat: '7', kind: 'direct' } as unknown as ChatRef,
      message: { id: '41' } as never, receivedAt: start, sessionKey: main, turnId: null, attempts: 0, end: null, endDetail: null, endedAt: null,
    })
    const turn = turnOf('tn1', [['in-t', '41']])
    during(turn, { type: 'turn-start' }, { type: 'text-delta', text: 'x' })
    ends(turn, { kind: 'answered', text: 'x' })
    rooms.emit(ended('in-t', '41', 'answered', { turnId: turn.id }))
    await settled()
    expect(states(four)).toEqual(['tn1 delta', 'tn1 final'])
  })
})

describe('tools', () => {
  const call: AgentEvent = { type: 'tool-start', callId: 'c1' as ToolCallId, name: 'read', input: { path: 'a' } }
  const result: AgentEvent = { type: 'tool-end', result: { role: 'tool', callId: 'c1' as ToolCallId, name: 'read', content: [{ type: 'text', text: 'words' }], isError: false } }
  const tools = (caller: FakeCaller) => of(caller, 'agent').filter((payload) => payload['stream'] === 'tool').map((payload) => payload['data'])

  it('go to protocol 4 with the cap and to protocol 3 only when the session is verbose, and count in seq either way', async () => {
    during(turnOf('tn1'), { type: 'turn-start' }, call, result)
    ends(turnOf('tn1'), { kind: 'answered', text: '' })
    await settled()
    expect(tools(three)).toEqual([])
    expect(tools(four)).toEqual([
      { phase: 'start', name: 'read', toolCallId: 'c1', args: { path: 'a' } },
      { phase: 'result', name: 'read', toolCallId: 'c1', isError: false, result: { content: [{ type: 'text', text: 'words' }] } },
    ])
    expect(of(three, 'agent').at(-1)).toMatchObject({ seq: 5, data: { phase: 'end' } })

    rooms.session(main, { settings: { verboseLevel: 'on' } })
    during(turnOf('tn2'), { type: 'turn-start' }, call)
    await settled()
    expect(tools(three)).toHaveLength(1)
  })

  it('do not go to a client that did not ask for them', async () => {
    const plain = fakeCaller()
    stop()
    stop = createWireEvents(rooms).start(fakeBroadcast([plain]))
    during(turnOf('tn1'), { type: 'turn-start' }, call, result)
    await settled()
    expect(tools(plain)).toEqual([])
  })
})

describe('each run ends exactly once', () => {
  it('a message merged into a running turn gets a final without words', async () => {
    const first = await send(four, 'K1')
    const turn = turnOf('tn1', [[first, 'K1']])
    await settled()
    during(turn, { type: 'turn-start' })
    const second = await send(four, 'K2', 'main', 'and also')
    await settled()
    rooms.emit(ended(second, 'K2', 'merged', { turnId: turn.id, detail: first }))
    during(turn, said('both'))
    ends(turn, { kind: 'answered', text: 'both' })
    rooms.emit(ended(first, 'K1', 'answered', { turnId: turn.id }))
    await settled()
    expect(states(four).filter((state) => !state.endsWith('delta'))).toEqual(['K2 final', 'K1 final'])
    expect(of(four, 'chat').find((payload) => payload['runId'] === 'K2')).not.toHaveProperty('message')
  })

  it('whether the message ends before or after its turn is settled', async () => {
    const inbox = await send(four, 'K1')
    await settled()
    const turn = turnOf('tn1', [[inbox, 'K1']])
    during(turn, { type: 'turn-start' })
    rooms.emit(ended(inbox, 'K1', 'answered', { turnId: turn.id }))
    ends(turn, { kind: 'answered', text: 'x' })
    rooms.emit(ended(inbox, 'K1', 'answered', { turnId: turn.id }))
    await settled()
    expect(states(four)).toEqual(['K1 final'])
  })

  it('a command ends its run with the words it answered, and no agent events', async () => {
    const inbox = await send(four, 'K1', 'main', '/status')
    const chat = { channel: 'web', account: defaultAccount, chat: main, kind: 'direct' } as unknown as ChatRef
    rooms.state.deliveries.push({
      id: 'dl1' as never, turnId: null, inboxId: inbox, part: 0, principal: ownerPrincipal, chat, key: 'k1' as DeliveryKey, markdown: 'All is well.', replyTo: null,
      state: 'sent', platformId: null, attempts: 1, resent: false, error: null, createdAt: start, settledAt: start,
    })
    rooms.fakeDoors.browser.say(chat, 'All is well.', 'k1')
    rooms.emit(ended(inbox, 'K1', 'command'))
    rooms.fakeDoors.browser.say(chat, 'All is well.', 'k1')
    await settled()
    expect(four.heard).toEqual([{
      event: 'chat',
      payload: { runId: 'K1', sessionKey: main, seq: 0, agentId: 'main', state: 'final', message: { role: 'assistant', content: [{ type: 'text', text: 'All is well.' }], timestamp: start } },
    }])
  })

  it('a message that was stopped while it waited ends as aborted, and stopping says so', async () => {
    const inbox = await send(four, 'K1')
    await settled()
    rooms.sessions.abort = async () => {
      rooms.emit(ended(inbox, 'K1', 'silent', { detail: 'stopped before it was begun' }))
      return []
    }
    expect(await callMethod(chatAbort, { sessionKey: 'main' }, rooms, four)).toEqual({ ok: true, aborted: true, runIds: ['K1'] })
    expect(of(four, 'chat')).toEqual([{ runId: 'K1', sessionKey: main, seq: 0, agentId: 'main', state: 'aborted', stopReason: 'rpc' }])
  })

  it('the line of a message that never had its turn names it and says how it ended', async () => {
    four.subscriptions.messages.add(main)
    const inbox = 'in7' as InboxId
    rooms.state.inbox.push({ id: inbox, chat: { channel: 'web' }, message: { id: 'K1' }, sessionKey: main, turnId: null, end: 'silent', endDetail: 'stopped before it was begun' } as never)
    rooms.entry(main, { kind: 'command', by: 'person', text: 'hi', inbox, from: 'Anna' })
    await settled()
    expect(of(four, 'session.message')).toEqual([expect.objectContaining({ message: expect.objectContaining({ role: 'user', idempotencyKey: 'K1:user', senderLabel: 'Anna', progress: { state: 'stopped' } }) })])
  })

  it('an answer of an earlier life of the gateway that goes out late is no notice', async () => {
    const chat = { channel: 'web', account: defaultAccount, chat: main, kind: 'direct' } as unknown as ChatRef
    rooms.entry(main, { kind: 'assistant', message: { role: 'assistant', model: 'p/m', content: [{ type: 'text', text: 'old' }] }, usage: noUsage, stop: 'end' }, 'tn-old')
    rooms.state.deliveries.push({
      id: 'dl1' as never, turnId: 'tn-old' as TurnId, inboxId: null, part: 0, principal: ownerPrincipal, chat, key: 'k-old' as DeliveryKey, markdown: 'old', replyTo: null,
      state: 'sending', platformId: null, attempts: 1, resent: true, error: null, createdAt: start, settledAt: null,
    })
    rooms.fakeDoors.browser.say(chat, 'old', 'k-old')
    await settled()
    expect(of(four, 'chat')).toEqual([])
  })

  it('a message that was refused ends with an error', async () => {
    const inbox = await send(four, 'K1')
    rooms.emit(ended(inbox, 'K1', 'failed', { detail: 'The queue is full.' }))
    await settled()
    expect(of(four, 'chat')).toEqual([{ runId: 'K1', sessionKey: main, seq: 0, agentId: 'main', state: 'error', errorMessage: 'The queue is full.', errorKind: undefined }].map(({ errorKind: _none, ...rest }) => rest))
  })
})

describe('order', () => {
  it('no event of a run comes before the answer to chat.send', async () => {
    const seenAtAnswer: number[] = []
    rooms.fakeDoors.browser.answer = () => {
      // The journey is quick: the turn begins before submit even returns.
      const turn = turnOf('tn1', [['in-q', 'K']])
      during(turn, { type: 'turn-start' }, said('quick'))
      ends(turn, { kind: 'answered', text: 'quick' })
      return { kind: 'accepted', id: 'in-q' as InboxId }
    }
    await chatSend.handle({ sessionKey: 'main', message: 'hi', idempotencyKey: 'K' }, rooms, four).then(() => seenAtAnswer.push(four.heard.length))
    await settled()
    expect(seenAtAnswer).toEqual([0])
    expect(states(four)).toEqual(['K delta', 'K final'])
  })

  it('the aborted event comes before the answer to chat.abort', async () => {
    const inbox = await send(three, 'K')
    await settled()
    const turn = turnOf('tn1', [[inbox, 'K']])
    rooms.state.running = [turn]
    during(turn, { type: 'turn-start' }, { type: 'text-delta', text: 'half an ans' })
    const answer = await callMethod(chatAbort, { sessionKey: 'main', runId: 'K' }, rooms, three)
    expect(answer).toEqual({ ok: true, aborted: true, runIds: ['K'] })
    expect(of(three, 'chat').at(-1)).toEqual({ runId: 'K', sessionKey: 'main', seq: expect.any(Number), state: 'aborted', stopReason: 'rpc' })
    expect(of(four, 'chat').at(-1)).toMatchObject({ state: 'aborted', stopReason: 'rpc', message: { content: [{ text: 'half an ans' }] } })
  })

  it('a failing look-up does not stop what comes after it', async () => {
    const broken = rooms.inbox.get
    rooms.inbox.get = async () => { throw new Error('store gone') }
    during(turnOf('tn1', [['in-x', '1']]), { type: 'turn-start' })
    await settled()
    rooms.inbox.get = broken
    during(turnOf('tn2'), { type: 'turn-start' })
    ends(turnOf('tn2'), { kind: 'answered', text: 'x' })
    await settled()
    expect(states(four)).toEqual(['tn2 final'])
    expect(rooms.state.lines.filter((line) => line.level === 'error')).toHaveLength(1)
    rooms.state.lines.length = 0
  })
})

describe('who hears what', () => {
  it('a device without read and a person who is no owner hear nothing of sessions', async () => {
    const node = fakeCaller({ scopes: ['node'] })
    const pairing = fakeCaller({ scopes: ['operator.pairing'] })
    const guest = fakeCaller({ principal: { id: 'p2' as never, role: 'guest' } })
    stop()
    stop = createWireEvents(rooms).start(fakeBroadcast([node, pairing, guest]))
    during(turnOf('tn1'), { type: 'turn-start' }, said('secret'))
    ends(turnOf('tn1'), { kind: 'answered', text: 'secret' })
    rooms.entry(main, { kind: 'note', text: 'secret' })
    await settled()
    expect([...node.heard, ...pairing.heard, ...guest.heard]).toEqual([])
  })

  it('session.message goes to who follows the session, with the name the client gave', async () => {
    four.subscriptions.messages.add(main)
    const inbox = await send(four, 'K')
    await settled()
    const made = rooms.entry(main, { kind: 'user', message: { role: 'user', content: [{ type: 'text', text: 'hi' }] }, inbox: [inbox] })
    await settled()
    expect(of(three, 'session.message')).toEqual([])
    expect(of(four, 'session.message')).toEqual([{
      sessionKey: main, agentId: 'main', messageId: made.id, messageSeq: made.seq,
      message: {
        role: 'user', content: [{ type: 'text', text: 'hi' }], timestamp: start, idempotencyKey: 'K:user', inboxId: inbox,
        __openclaw: { id: made.id, seq: made.seq, recordTimestampMs: start },
      },
    }])
  })

  it('session.progress goes to who follows the session: an answer on its way to a network, then how that went', async () => {
    four.subscriptions.messages.add(main)
    const row = { id: 'in7', chat: { channel: 'telegram' }, message: { id: '7' }, sessionKey: main, turnId: 'tn1', end: null as string | null, endDetail: null as string | null }
    rooms.state.inbox.push(row as never, { ...row, id: 'in8', chat: { channel: 'web' }, message: { id: 'K' } } as never)
    rooms.state.deliveries.push({ turnId: 'tn1', settledAt: null, error: null } as never)
    rooms.state.turns.set('tn1' as TurnId, 'answered')
    ends(turnOf('tn1', [['in7', '7'], ['in8', 'K']]), { kind: 'answered', text: 'Hello' })
    await settled()
    Object.assign(row, { end: 'failed', endDetail: 'could not be delivered: the bot was blocked' })
    rooms.emit(ended('in7', '7', 'failed', { turnId: 'tn1' as TurnId }))
    rooms.emit(ended('in9', '9', 'merged'))
    await settled()
    const told = (state: string, more = {}) => ({ sessionKey: main, agentId: 'main', inboxId: 'in7', progress: { state, ...more } })
    // What goes out through our own door arrives at once: only its end is news.
    expect(of(four, 'session.progress')).toEqual([told('delivering'), told('undelivered', { reason: 'the bot was blocked' })])
    expect(of(three, 'session.progress')).toEqual([])
  })

  it('sessions.changed goes to subscribers, with the row, or without when it is gone', async () => {
    four.subscriptions.sessions = true
    rooms.emit({ kind: 'session-changed', key: main, change: 'updated' })
    rooms.state.sessions.delete(main)
    await settled()
    rooms.emit({ kind: 'session-changed', key: main, change: 'deleted' })
    await settled()
    expect(three.heard).toEqual([])
    expect(of(four, 'sessions.changed')).toMatchObject([{ sessionKey: main, agentId: 'main', reason: 'patch' }, { sessionKey: main, reason: 'delete' }])
    expect(of(four, 'sessions.changed')[1]).not.toHaveProperty('session')
  })

  it('a client that wants only its sessions hears only those', async () => {
    const scoped = fakeCaller({ caps: ['session-scoped-events'] })
    stop()
    stop = createWireEvents(rooms).start(fakeBroadcast([scoped]))
    during(turnOf('tn1'), { type: 'turn-start' })
    scoped.subscriptions.messages.add(main)
    during(turnOf('tn2'), { type: 'turn-start' })
    await settled()
    expect(of(scoped, 'agent').map((payload) => payload['runId'])).toEqual(['tn2'])
  })
})

describe('besides turns', () => {
  it('injected words show as a final of their own', async () => {
    const entry = rooms.entry(main, { kind: 'injected', text: 'by hand', label: 'Note' })
    await settled()
    expect(of(three, 'chat')).toEqual([{ runId: `inject-${entry.id as EntryId}`, sessionKey: main, seq: 0, state: 'final', message: { role: 'assistant', content: [{ type: 'text', text: '[Note]\n\nby hand' }], timestamp: start } }])
  })

  it('a notice that belongs to no turn shows once; an answer that was streamed is not repeated', async () => {
    const chat = { channel: 'web', account: defaultAccount, chat: main, kind: 'direct' } as unknown as ChatRef
    const turn = turnOf('tn1')
    during(turn, { type: 'turn-start' }, said('answer'))
    rooms.state.deliveries.push({
      id: 'dl1' as never, turnId: turn.id, inboxId: null, part: 0, principal: ownerPrincipal, chat, key: 'k-turn' as DeliveryKey, markdown: 'answer', replyTo: null,
      state: 'sent', platformId: null, attempts: 1, resent: false, error: null, createdAt: start, settledAt: start,
    })
    ends(turn, { kind: 'answered', text: 'answer' })
    rooms.fakeDoors.browser.say(chat, 'answer', 'k-turn')
    rooms.fakeDoors.browser.say(chat, 'You were let in.', 'n1')
    rooms.fakeDoors.browser.say(chat, 'You were let in.', 'n1')
    await settled()
    expect(states(three).filter((state) => !state.endsWith('delta'))).toEqual(['tn1 final', 'notice-n1 final'])
  })

  it('listens to a door that opened later', async () => {
    const door = rooms.fakeDoors.browser
    stop()
    let open = false
    rooms.doors = (serves) => (serves === 'browser' && open ? door : undefined)
    stop = createWireEvents(rooms).start(broadcast)
    open = true
    rooms.connectionsChanged()
    door.say({ channel: 'web', account: defaultAccount, chat: main, kind: 'direct' } as unknown as ChatRef, 'late', 'n1')
    await settled()
    expect(states(three)).toEqual(['notice-n1 final'])
  })

  it('a burst of connection changes is one health event with a new version', async () => {
    for (let at = 0; at < 5; at += 1) rooms.connectionsChanged()
    await clock.advance(1000)
    await settled()
    expect(of(three, 'health')).toHaveLength(1)
    expect(of(three, 'health')[0]).toMatchObject({ ok: true, defaultAgentId: 'main' })
    expect(broadcast.stateVersions).toEqual([rooms.presence.versions()])
  })

  it('a reload is told to protocol 4', async () => {
    rooms.reloaded()
    await settled()
    expect(of(three, 'config.changed')).toEqual([])
    expect(of(four, 'config.changed')).toEqual([{ path: '/home/someone/.moltbot/moltbot.json', hash: 'hash-1', ts: start, valid: true }])
  })

  it('says nothing after it was stopped', async () => {
    stop()
    during(turnOf('tn1'), { type: 'turn-start' })
    rooms.connectionsChanged()
    await clock.advance(1000)
    expect([...three.heard, ...four.heard]).toEqual([])
  })
})
