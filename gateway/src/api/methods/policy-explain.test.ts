import { expect, it } from 'vitest'
import type { PrincipalId } from '@moltbot/contract'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { policyExplain } from './policy-explain.ts'

it('asks the guard, and says so when there is nobody to ask', async () => {
  const rooms = await fakeRooms()
  await expect(callMethod(policyExplain, { as: 'owner', tool: 'run', tainted: true }, rooms)).rejects.toMatchObject({ code: 'policy-unavailable' })
  const asked: unknown[] = []
  rooms.policy = {
    async explain(question) {
      asked.push(question)
      return { principal: { id: 'owner' as PrincipalId, role: 'owner' }, tool: 'run', effects: [], verdict: 'ask', reason: 'because', layers: [{ layer: 'a rule', says: 'ask', why: 'because' }], question: 'Run it' }
    },
    async whoCan(kind) {
      asked.push(kind)
      return []
    },
  }
  const answer = await callMethod(policyExplain, { as: 'owner', tool: 'run', tainted: true }, rooms)
  expect(asked).toHaveLength(1)
  expect(answer).toMatchObject('people' in answer ? { people: [] } : { verdict: 'ask', question: 'Run it' })
})
