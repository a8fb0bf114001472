import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { sessionsDescribe } from './sessions-describe.ts'

it('one row, or null', async () => {
  const rooms = await fakeRooms()
  rooms.entry('agent:main:main', { kind: 'user', message: { role: 'user', content: [{ type: 'text', text: 'hello' }] }, inbox: [] })
  expect((await callMethod(sessionsDescribe, { key: 'main', includeLastMessage: true }, rooms)).session).toMatchObject({ key: 'agent:main:main', isMain: true, lastMessagePreview: 'hello' })
  expect(await callMethod(sessionsDescribe, { sessionKey: 'gone' }, rooms)).toEqual({ session: null })
  await expect(callMethod(sessionsDescribe, {}, rooms)).rejects.toThrow('key required')
})
