import type { AuditQuery } from '@moltbot/contract'
import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { auditLog } from './audit-log.ts'

const line = { seq: 1, id: 'au1', at: 5, act: 'pairing.approved', class: 'people', principal: 'owner', subject: 's', outcome: 'done' as const, reason: 'r', place: null, correlation: null }

it('tells entries as asked', async () => {
  const rooms = await fakeRooms()
  const asked: AuditQuery[] = []
  rooms.record = { log: async (query) => (asked.push(query), { lines: [line], next: 1 }), export: () => Promise.reject(new Error('not asked')), verify: () => Promise.reject(new Error('not asked')), health: () => ({ ok: true, reason: null }) }
  expect(await callMethod(auditLog, { since: 1, kind: 'pairing', outcome: 'done', before: 9, limit: 1 }, rooms)).toEqual({ lines: [line], next: 1 })
  expect(asked).toEqual([{ since: 1, kind: 'pairing', outcome: 'done', before: 9, limit: 1 }])
})

it('without the keeper of the record it says so', async () => {
  await expect(callMethod(auditLog, {}, await fakeRooms())).rejects.toMatchObject({ code: 'audit-missing' })
})
