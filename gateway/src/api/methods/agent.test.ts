import { expect, it } from 'vitest'
import type { Channel, ChatRef, InboxId, SessionKey, TurnId } from '@moltbot/contract'
import { callMethod, fakeCaller, settled } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import type { FakeRooms } from '../testing/fake-rooms.ts'
import { agent } from './agent.ts'

const main = 'agent:main:main' as SessionKey
const outcome = { turnId: null, end: 'answered', detail: null, startedAt: 1000, endedAt: 2036, text: 'done', usage: { input: 10, output: 5, cacheRead: 0, cacheWrite: 0 }, model: 'p/m' }
const end = async (rooms: FakeRooms, changes: Partial<typeof outcome> | { end: string; detail: string; text: null } = {}): Promise<void> => {
  await settled()
  rooms.state.outcomes.set('a', { ...outcome, ...changes })
  rooms.emit({ kind: 'message-ended', inbox: 'in1' as InboxId, platformId: 'a', key: main, end: 'answered', detail: null, turnId: null })
  await settled()
}

it('answers twice: accepted at once, and the result when it is there', async () => {
  const rooms = await fakeRooms()
  rooms.session(main, { id: 's1' as never })
  const caller = fakeCaller()
  expect(await callMethod(agent, { message: '/status', sessionKey: main, idempotencyKey: 'a', timeout: 600, extraSystemPrompt: 'Be brief.', someNewKey: 1 }, rooms, caller))
    .toEqual({ runId: 'a', status: 'accepted', acceptedAt: expect.any(Number), sessionKey: main, agentId: 'main' })
  // Slash text goes to the model.
  expect(rooms.fakeDoors.browser.submitted[0]?.wishes).toEqual({ commands: false, timeoutMs: 600_000, instructions: 'Be brief.' })
  expect(caller.answers).toEqual([])
  await end(rooms)
  expect(caller.answers).toEqual([{
    error: undefined,
    payload: {
      runId: 'a', status: 'ok', summary: 'completed',
      result: {
        payloads: [{ text: 'done', mediaUrl: null }],
        meta: { durationMs: 1036, agentMeta: { sessionId: 's1', provider: 'p', model: 'm', usage: { input: 10, output: 5, cacheRead: 0, cacheWrite: 0, total: 15 } }, aborted: false, stopReason: 'answered' },
      },
    },
  }])
})

it('a failed run is an error with the reason', async () => {
  const rooms = await fakeRooms()
  const caller = fakeCaller()
  await callMethod(agent, { message: 'x', idempotencyKey: 'a' }, rooms, caller)
  await end(rooms, { end: 'failed', detail: 'No model answered.', text: null })
  expect(caller.answers).toEqual([{ payload: { runId: 'a', status: 'error', summary: 'No model answered.' }, error: { code: 'UNAVAILABLE', message: 'No model answered.' } }])
})

it('tells the model’s failure in its own words, and that work was stopped', async () => {
  const rooms = await fakeRooms()
  const turn = { id: 'tn1' as TurnId, key: main, startedAt: 0, model: null, messages: [] }
  for (const [turnOutcome, answer] of [
    [{ kind: 'failed', fault: { class: 'billing', message: 'The account is empty.' }, text: '' }, { status: 'error', summary: 'The account is empty.' }],
    [{ kind: 'aborted', reason: 'stop', text: 'half' }, { status: 'ok', result: { meta: { aborted: true, stopReason: 'aborted' } } }],
  ] as const) {
    const caller = fakeCaller()
    rooms.state.outcomes.clear()
    await callMethod(agent, { message: 'x', idempotencyKey: 'a' }, rooms, caller)
    await settled()
    rooms.emit({ kind: 'turn-settled', turn, outcome: turnOutcome, at: 0 })
    await end(rooms, turnOutcome.kind === 'failed' ? { turnId: turn.id, end: 'failed', detail: 'told' } as never : { turnId: turn.id } as never)
    expect(caller.answers).toMatchObject([{ payload: answer }])
  }
})

it('says nothing to a connection that is gone', async () => {
  const rooms = await fakeRooms()
  const caller = fakeCaller()
  await callMethod(agent, { message: 'x', idempotencyKey: 'a' }, rooms, caller)
  caller.leave()
  await end(rooms)
  expect(caller.answers).toEqual([])
})

it('finds the session by key, by id, or takes the agent’s main one', async () => {
  const rooms = await fakeRooms()
  rooms.session('agent:main:dashboard:x', { id: 's9' as never })
  await callMethod(agent, { message: 'x', idempotencyKey: '1', sessionId: 's9' }, rooms)
  await callMethod(agent, { message: 'x', idempotencyKey: '2', agentId: 'main' }, rooms)
  await callMethod(agent, { message: 'x', idempotencyKey: '3', sessionKey: 'Side' }, rooms)
  expect(rooms.fakeDoors.browser.submitted.map((message) => message.session)).toEqual(['agent:main:dashboard:x', main, 'agent:main:side'])
  await expect(callMethod(agent, { message: 'x', idempotencyKey: '4', agentId: 'nobody' }, rooms)).rejects.toThrow('unknown agent id "nobody"')
})

it('sends the reply on where it was asked to, and refuses channels that do not exist', async () => {
  const rooms = await fakeRooms()
  rooms.channels = [{ id: 'telegram', senders: 'platform' } as unknown as Channel]
  await expect(callMethod(agent, { message: 'x', idempotencyKey: 'b', deliver: true, channel: 'fax' }, rooms)).rejects.toThrow('invalid agent params: unknown channel: fax')
  await callMethod(agent, { message: 'x', idempotencyKey: 'a', deliver: true, channel: 'telegram', to: '7' }, rooms)
  expect(rooms.fakeDoors.browser.submitted[0]?.wishes).toEqual({ commands: false, alsoTo: { channel: 'telegram', account: 'default', chat: '7', kind: 'direct' } satisfies Record<keyof Pick<ChatRef, 'channel' | 'account' | 'chat' | 'kind'>, string> })
})
