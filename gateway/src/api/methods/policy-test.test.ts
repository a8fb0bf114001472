import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakePolicy } from '../testing/fake-policy.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { policyTest } from './policy-test.ts'

it('asks the guard about every row, and says so when there is nobody to ask', async () => {
  const rooms = await fakeRooms()
  await expect(callMethod(policyTest, {}, rooms)).rejects.toMatchObject({ code: 'policy-unavailable' })
  rooms.policy = fakePolicy()
  expect(await callMethod(policyTest, {}, rooms)).toMatchObject({ fault: null, results: [{ ok: true, said: 'deny' }] })
})
