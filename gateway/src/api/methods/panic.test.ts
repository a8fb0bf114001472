import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { haltRooms } from '../testing/halt-rooms.ts'
import { panic } from './panic.ts'

it('stops everything in the name of the caller, and makes a new token only when asked', async () => {
  const rooms = await haltRooms()
  expect(await callMethod(panic, {}, rooms)).toMatchObject({ incident: '/i', turns: 1, tokenRotated: false, tookMs: 2 })
  expect(rooms.asked).toEqual([{ what: 'panic', by: { principal: 'owner', via: 'web' } }])
})
