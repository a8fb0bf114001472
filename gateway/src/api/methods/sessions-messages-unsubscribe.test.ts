import { expect, it } from 'vitest'
import { callMethod, fakeCaller } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { sessionsMessagesUnsubscribe } from './sessions-messages-unsubscribe.ts'

it('stops following; not having followed is no error', async () => {
  const caller = fakeCaller({ subscriptions: { sessions: false, messages: new Set(['agent:main:main']) } })
  const rooms = await fakeRooms()
  expect(await callMethod(sessionsMessagesUnsubscribe, { key: 'main' }, rooms, caller)).toEqual({ subscribed: false, key: 'agent:main:main' })
  expect(await callMethod(sessionsMessagesUnsubscribe, { key: 'main' }, rooms, caller)).toEqual({ subscribed: false, key: 'agent:main:main' })
  expect(caller.subscriptions.messages.size).toBe(0)
})
