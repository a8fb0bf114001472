import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Store } from '@moltbot/contract'
import { FakeClock, countingIds } from '@moltbot/contract/testing'
import { openStore } from '../storage/index.ts'
import { auditMigration, createAudit, type Audit, type AuditEntry } from './index.ts'

let store: Store
let clock: FakeClock
let audit: Audit
beforeEach(async () => {
  clock = new FakeClock()
  store = await openStore({ file: ':memory:', migrations: [auditMigration] })
  audit = createAudit({ store, clock, newId: countingIds() })
})
afterEach(() => store.close())
const entry = (more: Partial<AuditEntry> = {}): AuditEntry => ({ act: 'message.denied', principal: null, subject: 's', outcome: 'deny', reason: 'r', ...more })

it('keeps an entry as it was written, with its time', async () => {
  await store.transaction((tx) => audit.append(tx, entry({ principal: 'p' as never, facts: { tool: 't', deep: [1] } })))
  expect(await audit.about('s')).toEqual([{ ...entry({ principal: 'p' as never, facts: { tool: 't', deep: [1] } }), at: clock.now() }])
  expect(await audit.about('other')).toEqual([])
})

it('holds nothing of an effect that was rolled back', async () => {
  await expect(store.transaction(async (tx) => { await audit.append(tx, entry()); throw new Error('no') })).rejects.toThrow('no')
  expect(await audit.about('s')).toEqual([])
})

it('tells the latest of a subject that fills the record, in order', async () => {
  for (let at = 0; at < 1_005; at += 1) {
    await store.transaction((tx) => audit.append(tx, entry({ reason: String(at) })))
    await clock.advance(1)
  }
  const told = await audit.about('s')
  expect([told.length, told[0]?.reason, told.at(-1)?.reason]).toEqual([1_000, '5', '1004'])
})
