import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { peopleRooms } from '../testing/people-rooms.ts'
import { principalsRole } from './principals-role.ts'

it('gives a role, and asks for a fresh sign-in where the role is powerful', async () => {
  const rooms = await peopleRooms()
  expect((await callMethod(principalsRole, { id: 'pr_2', role: 'guest' }, rooms)).person).toMatchObject({ id: 'pr_2', role: 'guest' })
  await expect(callMethod(principalsRole, { id: 'nobody', role: 'guest' }, rooms)).rejects.toMatchObject({ code: 'person-unknown' })
  await expect(callMethod(principalsRole, { id: 'pr_2', role: 'root' }, rooms)).rejects.toThrow('invalid')
  const fresh = principalsRole.fresh as (params: { id: string; role: 'owner' | 'guest' }) => boolean
  expect([fresh({ id: 'pr_2', role: 'owner' }), fresh({ id: 'pr_2', role: 'guest' })]).toEqual([true, false])
})
