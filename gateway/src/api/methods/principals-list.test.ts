import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { peopleRooms } from '../testing/people-rooms.ts'
import { principalsList } from './principals-list.ts'

it('lists everybody and the profiles', async () => {
  const answer = await callMethod(principalsList, {}, await peopleRooms())
  expect(answer.people.map(({ id, role }) => [id, role])).toEqual([['owner', 'owner'], ['pr_2', 'member']])
  expect(answer.profiles).toEqual(['child'])
})
