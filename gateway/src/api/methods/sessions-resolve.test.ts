import { expect, it } from 'vitest'
import type { SessionId } from '@moltbot/contract'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { sessionsResolve } from './sessions-resolve.ts'

it('by exactly one of key, id or label', async () => {
  const rooms = await fakeRooms()
  rooms.session('agent:main:main', { id: 's1' as SessionId, settings: { label: 'Home' } })
  const found = { ok: true, key: 'agent:main:main', agentId: 'main' }
  expect(await callMethod(sessionsResolve, { key: 'MAIN' }, rooms)).toEqual(found)
  expect(await callMethod(sessionsResolve, { sessionId: 's1', includeGlobal: true }, rooms)).toEqual(found)
  expect(await callMethod(sessionsResolve, { label: 'Home', agentId: 'main' }, rooms)).toEqual(found)
  await expect(callMethod(sessionsResolve, { label: 'Home', agentId: 'other' }, rooms)).rejects.toThrow('No session found')
  await expect(callMethod(sessionsResolve, { key: 'gone' }, rooms)).rejects.toThrow('No session found')
  expect(await callMethod(sessionsResolve, { key: 'gone', allowMissing: true }, rooms)).toEqual({ ok: false })
  await expect(callMethod(sessionsResolve, {}, rooms)).rejects.toThrow('required')
  await expect(callMethod(sessionsResolve, { key: 'main', label: 'Home' }, rooms)).rejects.toThrow('not more than one')
})
