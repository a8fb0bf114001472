import type { AuditFormat, AuditQuery } from '@moltbot/contract'
import { expect, it } from 'vitest'
import { callMethod } from '../testing/call-method.ts'
import { fakeRooms } from '../testing/fake-rooms.ts'
import { auditExport } from './audit-export.ts'

it('hands out lines in the asked format, our own when none is named', async () => {
  const rooms = await fakeRooms()
  const asked: (AuditQuery & { format: AuditFormat })[] = []
  rooms.record = { export: async (query) => (asked.push(query), { lines: ['{}'], next: null }), log: () => Promise.reject(new Error('not asked')), verify: () => Promise.reject(new Error('not asked')), health: () => ({ ok: true, reason: null }) }
  expect(await callMethod(auditExport, { after: 3 }, rooms)).toEqual({ lines: ['{}'], next: null })
  await callMethod(auditExport, { format: 'ocsf' }, rooms)
  expect(asked).toEqual([{ after: 3, format: 'jsonl' }, { format: 'ocsf' }])
})
