import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { chatHistory } from './chat-history.ts'
import { chatStartup } from './chat-startup.ts'

it('is the same page as chat.history', async () => {
  const rooms = await fakeRooms()
  rooms.entry('agent:main:main', { kind: 'note', text: 'hello' })
  const params = { sessionKey: 'agent:main:main', limit: 80, maxBytes: 262_144 }
  expect(await callMethod(chatStartup, params, rooms)).toEqual(await callMethod(chatHistory, params, rooms))
})
