import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakePolicy } from '../testing/fake-policy.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { policyExplain } from './policy-explain.ts'

it('asks the guard, and says so when there is nobody to ask', async () => {
  const rooms = await fakeRooms()
  await expect(callMethod(policyExplain, { as: 'owner', tool: 'run', tainted: true }, rooms)).rejects.toMatchObject({ code: 'policy-unavailable' })
  const policy = fakePolicy()
  rooms.policy = policy
  expect(await callMethod(policyExplain, { as: 'owner', tool: 'run', tainted: true, session: 'telegram:-1' }, rooms)).toMatchObject({ verdict: 'ask', question: 'Run it', principal: { id: 'owner', role: 'owner' } })
  expect(policy.asked).toEqual([{ as: 'owner', tool: 'run', input: {}, in: 'telegram:-1', agent: 'main', tainted: true }])
})
