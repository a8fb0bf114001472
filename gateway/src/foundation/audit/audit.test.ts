import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '@moltbot/contract'
import { FakeClock, countingIds } from '@moltbot/contract/testing'
import { openStore } from '../storage/index.ts'
import { chainKeys } from './chain.ts'
import { verifyRecord } from './verify.ts'
import { auditMigrations, createAudit, type Audit, type AuditEntry } from './index.ts'

const key = Buffer.alloc(32, 7)
let store: Store
let clock: FakeClock
let audit: Audit
beforeEach(async () => {
  clock = new FakeClock()
  store = await openStore({ file: ':memory:', migrations: auditMigrations })
  audit = createAudit({ store, clock, newId: countingIds(), key })
})
afterEach(() => store.close())
const entry = (more: Partial<AuditEntry> = {}): AuditEntry => ({ act: 'message.denied', principal: null, subject: 's', outcome: 'deny', reason: 'r', ...more })
const verify = () => verifyRecord({ read: store.read, keys: chainKeys(key), anchors: [] })

it('keeps an entry as it was written, with its time', async () => {
  const given = entry({ principal: 'p' as never, place: '10.0.0.9', correlation: 'tn-1', facts: { tool: 't', deep: [1] } })
  await store.transaction((tx) => audit.append(tx, given))
  expect(await audit.about('s')).toEqual([{ ...given, at: clock.now() }])
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

describe('the chain', () => {
  it('stays whole over transactions that are rolled back alone, in a batch, and between two entries of one', async () => {
    const write = (reason: string, fail = false) => store.transaction(async (tx) => {
      await Promise.all([audit.append(tx, entry({ reason })), audit.append(tx, entry({ reason: `${reason} too` }))])
      if (fail) throw new Error('rolled back')
    })
    const all = await Promise.allSettled([write('a'), write('b', true), write('c'), write('d', true), write('e', true), write('f')])
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'rejected', 'fulfilled'])
    await write('g', true).catch(() => undefined)
    await write('h')
    expect((await audit.about('s')).map(({ reason }) => reason)).toEqual(['a', 'a too', 'c', 'c too', 'f', 'f too', 'h', 'h too'])
    expect(await verify()).toMatchObject({ ok: true, rows: 8, from: 1, to: 8 })
  })

  it('goes on in the next process', async () => {
    await store.transaction((tx) => audit.append(tx, entry()))
    const next = createAudit({ store, clock, newId: (prefix) => `${prefix}-second`, key })
    await store.transaction((tx) => next.append(tx, entry()))
    expect(await verify()).toMatchObject({ ok: true, rows: 2 })
  })

  it('costs one statement per entry', async () => {
    await store.transaction((tx) => audit.append(tx, entry()))
    let statements = 0
    await store.transaction(async (tx) => {
      const counting = new Proxy(tx, { get: (target, name: keyof typeof tx) => (name === 'afterCommit' ? target[name] : (...given: never[]) => (statements += 1, (target[name] as (...all: never[]) => unknown)(...given))) })
      for (let count = 0; count < 10; count += 1) await audit.append(counting, entry())
    })
    expect(statements).toBe(10)
  })

  it('covers what was written before there was one', async () => {
    const [first, second] = auditMigrations
    const { openSqlite } = await import('../platform/index.ts')
    const database = await openSqlite(':memory:')
    database.exec(first?.sql ?? '')
    for (const at of [3, 1, 2]) database.prepare("INSERT INTO audit (id, at, act, principal, subject, outcome, reason) VALUES (?, ?, 'message.denied', NULL, 's', 'deny', 'old')").run(`old${at}`, at)
    database.exec(second?.sql ?? '')
    const { createSqliteStore } = await import('../storage/index.ts')
    const old = createSqliteStore(database, database)
    const record = createAudit({ store: old, clock, newId: countingIds(), key })
    await old.transaction((tx) => record.append(tx, entry()))
    const check = () => verifyRecord({ read: old.read, keys: chainKeys(key), anchors: [] })
    expect(await check()).toMatchObject({ ok: true, rows: 1 })
    expect((await old.read.all('SELECT id FROM audit ORDER BY seq')).map((row) => row['id']).slice(0, 3)).toEqual(['old1', 'old2', 'old3'])
    database.exec("UPDATE audit SET reason = 'other' WHERE id = 'old2'")
    expect(await check()).toMatchObject({ ok: false, fault: 'before-chain' })
    await old.close()
  })

  it('is not left unsealed by a vault that was locked: entries wait, and are sealed with the first one after', async () => {
    let known: Buffer | undefined
    const waiting = createAudit({ store, clock, newId: countingIds(), key: () => known })
    await store.transaction((tx) => waiting.append(tx, entry({ reason: 'locked' })))
    expect(await verify()).toMatchObject({ ok: true, rows: 0, notes: [expect.stringContaining('1 entry was written while the vault was locked')] })
    known = key
    await store.transaction((tx) => waiting.append(tx, entry({ reason: 'unlocked' })))
    expect((await store.read.all('SELECT act, outcome, reason FROM audit ORDER BY seq')).map((row) => [row['act'], row['outcome']])).toEqual([['message.denied', 'deny'], ['record.sealed', 'done'], ['message.denied', 'deny']])
    expect(await verify()).toMatchObject({ ok: true, rows: 3, notes: [] })
  })

  it('says so when an entry that waited for its seal is not as it was written', async () => {
    let known: Buffer | undefined
    const waiting = createAudit({ store, clock, newId: countingIds(), key: () => known })
    await store.transaction((tx) => waiting.append(tx, entry()))
    await store.transaction((tx) => tx.run("UPDATE audit SET outcome = 'allow'"))
    known = key
    await store.transaction((tx) => waiting.append(tx, entry()))
    expect(await store.read.get("SELECT outcome, facts FROM audit WHERE act = 'record.sealed'")).toEqual({ outcome: 'failed', facts: JSON.stringify({ rows: 1, unwatched: 1, missing: 0 }) })
  })
})
