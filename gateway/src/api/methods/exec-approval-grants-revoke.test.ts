import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { execApprovalGrantsRevoke } from './exec-approval-grants-revoke.ts'

it('takes back one or all, in the name of the caller', async () => {
  const rooms = await fakeRooms()
  const heard: unknown[] = []
  rooms.guard.revokeStanding = async (id, by) => { heard.push([id, by.principal.id]); return 2 }
  expect(await callMethod(execApprovalGrantsRevoke, { id: 'all' }, rooms)).toEqual({ ok: true, revoked: 2 })
  expect(heard).toEqual([['all', 'owner']])
})
