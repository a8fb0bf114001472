import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { chatInject } from './chat-inject.ts'

it('appends the words with their label', async () => {
  const rooms = await fakeRooms()
  rooms.session('agent:main:main')
  const { messageId } = await callMethod(chatInject, { sessionKey: 'main', message: 'by hand', label: 'Note' }, rooms)
  expect(rooms.state.entries.get('agent:main:main' as never)).toMatchObject([{ id: messageId, body: { kind: 'injected', text: 'by hand', label: 'Note' } }])
})

it('wants a session that exists, and no keys it does not know', async () => {
  const rooms = await fakeRooms()
  await expect(callMethod(chatInject, { sessionKey: 'main', message: 'x' }, rooms)).rejects.toMatchObject({ code: 'session-missing' })
  await expect(callMethod(chatInject, { sessionKey: 'main', message: 'x', foo: 1 }, rooms)).rejects.toThrow("invalid chat.inject params: at root: unexpected property 'foo'")
})
