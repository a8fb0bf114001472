import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { peopleRooms } from '../testing/people-rooms.ts'
import { principalsRemove } from './principals-remove.ts'

it('forgets somebody', async () => {
  const rooms = await peopleRooms()
  expect(await callMethod(principalsRemove, { id: 'pr_2' }, rooms)).toEqual({ ok: true })
  expect(rooms.state.people.map(({ id }) => id)).toEqual(['owner'])
  await expect(callMethod(principalsRemove, { id: 'pr_2' }, rooms)).rejects.toMatchObject({ code: 'person-unknown' })
})
