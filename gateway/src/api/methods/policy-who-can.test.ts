import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakePolicy } from '../testing/fake-policy.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { policyWhoCan } from './policy-who-can.ts'

it('asks the guard, and says so when there is nobody to ask', async () => {
  const rooms = await fakeRooms()
  await expect(callMethod(policyWhoCan, { effect: 'sends' }, rooms)).rejects.toMatchObject({ code: 'policy-unavailable' })
  const policy = fakePolicy()
  rooms.policy = policy
  expect(await callMethod(policyWhoCan, { effect: 'sends' }, rooms)).toEqual({ people: [] })
  expect(policy.asked).toEqual(['sends'])
})
