import type { AuditVerification } from '@moltbot/contract'
import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { auditVerify } from './audit-verify.ts'

const found: AuditVerification = { ok: false, fault: 'edited', at: 3, rows: 3, from: 1, to: 9, anchors: 1, sentence: 'The entry at place 3 is not as it was written.', next: 'Look.', notes: [] }

it('says what was found; accepting is done in the caller’s name', async () => {
  const rooms = await fakeRooms()
  const asked: unknown[] = []
  rooms.record = { verify: async (options) => (asked.push(options), found), log: () => Promise.reject(new Error('not asked')), export: () => Promise.reject(new Error('not asked')), health: () => ({ ok: true, reason: null }) }
  expect(await callMethod(auditVerify, {}, rooms)).toEqual(found)
  await callMethod(auditVerify, { accept: true, anchors: 'x' }, rooms)
  expect(asked).toEqual([{}, { anchors: 'x', accept: { by: 'owner' } }])
})
