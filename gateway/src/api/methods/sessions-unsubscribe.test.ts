import { expect, it } from 'vitest'
import { callMethod, fakeCaller } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { sessionsUnsubscribe } from './sessions-unsubscribe.ts'

it('takes the mark away', async () => {
  const caller = fakeCaller({ subscriptions: { sessions: true, messages: new Set() } })
  expect(await callMethod(sessionsUnsubscribe, {}, await fakeRooms(), caller)).toEqual({ subscribed: false })
  expect(caller.subscriptions.sessions).toBe(false)
})
