import { ownerPrincipal, type Channel, type Effect, type PrincipalId, type SessionKey } from '@moltbot/contract'
import { expect, it } from 'vitest'
import type { PushDoor, PushNotice } from '../foundation/push/types.ts'
import type { Approval } from '../journey/guard/types.ts'
import { startPushNotices } from './push-notices.ts'
import { settled } from './testing/call-method.ts'
import { fakeRooms } from './testing/fake-rooms.ts'

/** Rooms with two people who have a browser: the owner and a guest. What they are told is kept in order. */
async function world() {
  const rooms = await fakeRooms()
  const told: { to: string; notice: PushNotice }[] = []
  const guest = 'pr_guest' as PrincipalId
  rooms.push = { people: async () => [ownerPrincipal, guest], send: async (to: PrincipalId, notice: PushNotice) => (told.push({ to, notice }), { sent: 1, failed: 0, later: 0 }) } as unknown as PushDoor
  rooms.guard.principal = async (id) => ({ id, role: id === ownerPrincipal ? 'owner' : 'guest', name: 'x' })
  let ask: (approval: Approval) => void = () => undefined
  rooms.guard.onApproval = (listener) => {
    ask = listener
    return () => {
      ask = () => undefined
    }
  }
  rooms.channels = [{ id: 'web', senders: 'authenticated' }, { id: 'telegram', senders: 'platform' }] as unknown as Channel[]
  const stop = startPushNotices(rooms)
  return { rooms, told, guest, stop, ask: (approval: Partial<Approval>) => ask(approval as Approval) }
}

it('tells of a question only who may answer it, and nothing of one that is decided', async () => {
  const { told, ask, stop } = await world()
  const question = { id: 'ask1', session: null, effects: [{ kind: 'runs-code', what: 'make' }] } as const
  ask({ ...question, effects: [...question.effects], state: 'pending', summary: 'run: make' })
  ask({ ...question, effects: [...question.effects], state: 'allowed', summary: 'run: make' })
  await settled()
  expect(told).toEqual([{ to: ownerPrincipal, notice: { kind: 'approval', body: 'run: make', question: { id: 'ask1', allow: false } } }])
  stop()
  ask({ ...question, effects: [...question.effects], state: 'pending', summary: 'run: again' })
  await settled()
  expect(told.length).toBe(1)
})

it.each([
  ['careful', [{ kind: 'writes-workspace', path: 'a.md' }], true],
  ['careful', [{ kind: 'reads-private', what: 'notes' }, { kind: 'reaches-host', host: 'a.example' }], false],
  ['careful', [{ kind: 'sends', to: 'somebody' }], false],
  ['careful', [], false],
  ['deny', [{ kind: 'writes-workspace', path: 'a.md' }], false],
  ['all', [{ kind: 'spends', what: 'money' }], true],
] satisfies [string, Effect[], boolean][])('with notificationAnswers %s a yes to %j from a notification: %s; and the chat it is about', async (notificationAnswers, effects, allow) => {
  const { rooms, told, ask } = await world()
  rooms.state.config = { gateway: { controlUi: { notificationAnswers } } }
  rooms.session('agent:main:dashboard:1')
  ask({ id: 'ask1', session: 'agent:main:dashboard:1' as SessionKey, effects, state: 'pending', summary: 'x' })
  await settled()
  expect(told[0]?.notice).toEqual({ kind: 'approval', body: 'x', session: 'agent:main:dashboard:1', question: { id: 'ask1', allow } })
})

it('tells of an answer whose chat it is, and leaves those of messengers to the messenger', async () => {
  const { rooms, told, guest } = await world()
  const settle = (key: string): void => rooms.emit({ kind: 'turn-settled', turn: { id: 't', key, startedAt: 0, model: null, messages: [] }, outcome: { kind: 'answered', text: 'Done.' }, at: 1 } as never)
  rooms.session('agent:main:dashboard:1', { principal: guest, lastChat: { channel: 'web', account: 'default', chat: 'c', kind: 'direct' } as never })
  rooms.session('agent:main:telegram:1', { lastChat: { channel: 'telegram', account: 'default', chat: '7', kind: 'direct' } as never })
  settle('agent:main:dashboard:1')
  settle('agent:main:telegram:1')
  await settled()
  expect(told).toEqual([{ to: guest, notice: { kind: 'reply', body: 'Done.', session: 'agent:main:dashboard:1' } }])
})

it('tells once of a login that needs somebody', async () => {
  const { rooms, told } = await world()
  rooms.state.statuses = [{ channel: 'telegram', label: 'Telegram', account: 'default', enabled: true, configured: true, health: { kind: 'needs-you', reason: 'The token was refused.', action: 'Make a new one.' }, connectedAt: null, lastInboundAt: null, lastOutboundAt: null, lastError: null, reconnectAttempts: 0 } as never]
  rooms.connectionsChanged()
  rooms.connectionsChanged()
  await settled()
  expect(told).toEqual([{ to: ownerPrincipal, notice: { kind: 'alert', body: 'Telegram: The token was refused.' } }])
})
