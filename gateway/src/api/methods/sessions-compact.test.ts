import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { sessionsCompact } from './sessions-compact.ts'

it('compacts with the wished focus and says why not', async () => {
  const rooms = await fakeRooms()
  const asked: unknown[] = []
  rooms.sessions.compact = async (key, focus) => {
    asked.push([key, focus])
    return focus === undefined ? { compacted: false, reason: 'too short' } : { compacted: true }
  }
  expect(await callMethod(sessionsCompact, { key: 'main', maxLines: 400 }, rooms)).toEqual({ ok: true, key: 'agent:main:main', compacted: false, reason: 'too short' })
  expect(await callMethod(sessionsCompact, { key: 'main', focus: 'the trip' }, rooms)).toEqual({ ok: true, key: 'agent:main:main', compacted: true })
  expect(asked).toEqual([['agent:main:main', undefined], ['agent:main:main', 'the trip']])
})
