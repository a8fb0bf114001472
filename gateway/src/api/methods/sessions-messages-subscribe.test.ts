import { expect, it } from 'vitest'
import { callMethod, fakeCaller } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { sessionsMessagesSubscribe } from './sessions-messages-subscribe.ts'

it('answers with the canonical key and follows it', async () => {
  const caller = fakeCaller()
  expect(await callMethod(sessionsMessagesSubscribe, { key: 'Main', includeApprovals: true }, await fakeRooms(), caller)).toEqual({ subscribed: true, key: 'agent:main:main' })
  expect([...caller.subscriptions.messages]).toEqual(['agent:main:main'])
})

it('has an end', async () => {
  const caller = fakeCaller({ subscriptions: { sessions: false, messages: new Set(Array.from({ length: 500 }, (_, at) => `agent:main:s${at}`)) } })
  const rooms = await fakeRooms()
  await expect(callMethod(sessionsMessagesSubscribe, { key: 'one more' .replaceAll(' ', '-') }, rooms, caller)).rejects.toMatchObject({ code: 'subscriptions-full' })
  expect(await callMethod(sessionsMessagesSubscribe, { key: 's1' }, rooms, caller)).toMatchObject({ subscribed: true })
})
