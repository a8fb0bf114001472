import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { sessionsDelete } from './sessions-delete.ts'

it('deletes a session; one that is not there is no error', async () => {
  const rooms = await fakeRooms()
  rooms.session('agent:main:side')
  expect(await callMethod(sessionsDelete, { key: 'side', deleteTranscript: true }, rooms)).toEqual({ ok: true, key: 'agent:main:side', deleted: true, archived: [] })
  expect(await callMethod(sessionsDelete, { key: 'side' }, rooms)).toMatchObject({ deleted: false })
})

it('never the main session', async () => {
  await expect(callMethod(sessionsDelete, { key: 'main' }, await fakeRooms())).rejects.toThrow('Cannot delete the main session (agent:main:main).')
})
