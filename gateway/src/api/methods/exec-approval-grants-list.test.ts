import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { execApprovalGrantsList } from './exec-approval-grants-list.ts'

it('lists what was allowed for good', async () => {
  const rooms = await fakeRooms()
  rooms.guard.standing = async () => [{ id: 'g1', principal: 'owner' as never, agent: 'main' as never, kind: 'runs-code', what: 'ls', words: 'exactly the command “ls”', since: 7, by: 'owner' as never }]
  expect(await callMethod(execApprovalGrantsList, {}, rooms)).toEqual({ grants: [{ id: 'g1', principal: 'owner', agentId: 'main', kind: 'runs-code', what: 'ls', words: 'exactly the command “ls”', sinceMs: 7, by: 'owner' }] })
})
