import { expect, it } from 'vitest'
import { callMethod, fakeCaller } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { sessionsSubscribe } from './sessions-subscribe.ts'

it('marks the connection, whatever list filters come along', async () => {
  const caller = fakeCaller()
  expect(await callMethod(sessionsSubscribe, { limit: 10 }, await fakeRooms(), caller)).toEqual({ subscribed: true })
  expect(caller.subscriptions.sessions).toBe(true)
})
