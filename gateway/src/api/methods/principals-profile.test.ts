import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { peopleRooms } from '../testing/people-rooms.ts'
import { principalsProfile } from './principals-profile.ts'

it('gives a profile and takes it away', async () => {
  const rooms = await peopleRooms()
  expect((await callMethod(principalsProfile, { id: 'pr_2', profile: 'child' }, rooms)).person.profile).toBe('child')
  expect((await callMethod(principalsProfile, { id: 'pr_2', profile: null }, rooms)).person.profile).toBeNull()
})
