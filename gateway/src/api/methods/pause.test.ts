import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { haltRooms } from '../testing/halt-rooms.ts'
import { pause } from './pause.ts'

it('pauses, and a gateway without that says so', async () => {
  const rooms = await haltRooms()
  expect(await callMethod(pause, {}, rooms)).toEqual({ kind: 'paused', since: 7, by: 'owner', via: 'web' })
  await expect(callMethod(pause, {}, await fakeRooms())).rejects.toMatchObject({ code: 'halt-absent' })
})
