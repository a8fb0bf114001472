import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { sessionsReset } from './sessions-reset.ts'

it('gives the session a new id and keeps its settings', async () => {
  const rooms = await fakeRooms()
  const before = rooms.session('agent:main:main', { settings: { label: 'Home' } })
  const { key, entry } = await callMethod(sessionsReset, { key: 'main', reason: 'new' }, rooms)
  expect(key).toBe('agent:main:main')
  expect(entry.sessionId).not.toBe(before.id)
  expect(entry.label).toBe('Home')
})
