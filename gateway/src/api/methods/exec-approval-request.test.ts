import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { execApprovalRequest } from './exec-approval-request.ts'

it('asks at once with twoPhase, under the client\'s own id and time', async () => {
  const rooms = await fakeRooms()
  const before = rooms.clock.now()
  const asked = await callMethod(execApprovalRequest, { id: 'mine', command: 'ls -l', cwd: '/tmp', timeoutMs: 5_000, twoPhase: true }, rooms) as { id: string; createdAtMs: number; expiresAtMs: number; decision: unknown }
  expect(asked).toMatchObject({ id: 'mine', decision: null })
  expect(asked.expiresAtMs).toBeGreaterThanOrEqual(before + 5_000)
  expect(asked.expiresAtMs).toBeLessThanOrEqual(rooms.clock.now() + 5_000)
  expect(await rooms.guard.approval('mine')).toMatchObject({ summary: 'ls -l\nin /tmp', state: 'pending' })
})
