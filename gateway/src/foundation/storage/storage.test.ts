import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { testStore } from '@moltbot/contract/testing'
import { openSqlite } from '../platform/index.ts'
import { createSqliteStore, lockStateDirectory, migrate, openStore } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'moltbot-store-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let count = 0
const file = () => join(folder, `store-${++count}.db`)

testStore('sqlite file', (migrations) => openStore({ file: file(), migrations }))
testStore('sqlite in memory', (migrations) => openStore({ file: ':memory:', migrations }))

describe('migrations', () => {
  const first = { name: '0001-a', sql: 'CREATE TABLE a (x TEXT)' }

  it('DUR-10: every prefix of the list can be brought up to the whole list', async () => {
    const steps = [first, { name: '0002-b', sql: 'CREATE TABLE b (x TEXT); INSERT INTO a (x) VALUES (1)' }, { name: '0003-c', sql: 'ALTER TABLE a ADD COLUMN y TEXT' }]
    for (let length = 1; length <= steps.length; length += 1) {
      const at = file()
      await (await openStore({ file: at, migrations: steps.slice(0, length) })).close()
      const store = await openStore({ file: at, migrations: steps })
      expect(await store.read.all('SELECT x, y FROM a')).toHaveLength(1)
      await store.close()
    }
  })
  it('DUR-10: a failing step leaves the database as it was and says so', async () => {
    const at = file()
    const store = await openStore({ file: at, migrations: [first] })
    await store.transaction((tx) => tx.run("INSERT INTO a (x) VALUES ('kept')"))
    await store.close()
    await expect(openStore({ file: at, migrations: [first, { name: '0002-bad', sql: 'CREATE TABLE c (x TEXT); DROP TABLE missing' }] })).rejects.toMatchObject({ code: 'store-migration-failed' })
    const again = await openStore({ file: at, migrations: [first] })
    expect(await again.read.all('SELECT x FROM a')).toEqual([{ x: 'kept' }])
    await again.close()
    expect(readdirSync(folder).some((name) => name.endsWith('.trial'))).toBe(false)
  })
  it('refuses a database from a newer version', async () => {
    const at = file()
    await (await openStore({ file: at, migrations: [first, { name: '0009-future', sql: 'CREATE TABLE f (x TEXT)' }] })).close()
    await expect(openStore({ file: at, migrations: [first] })).rejects.toMatchObject({ code: 'store-newer' })
  })
  it('keeps the file to the owner', async () => {
    const at = file()
    const store = await openStore({ file: at, migrations: [first] })
    expect(statSync(at).mode & 0o777).toBe(0o600)
    await store.close()
  })
})

it('a task after a commit that throws is reported and stops nothing', async () => {
  const store = await openStore({ file: ':memory:', migrations: [{ name: '0001-a', sql: 'CREATE TABLE a (x TEXT)' }] })
  const uncaught: unknown[] = []
  const before = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => uncaught.push(error))
  try {
    let second = false
    await store.transaction(async (tx) => {
      tx.afterCommit(() => { throw new Error('on purpose') })
      tx.afterCommit(() => { second = true })
    })
    await store.transaction((tx) => tx.run("INSERT INTO a (x) VALUES ('goes on')"))
    await new Promise((resolve) => setImmediate(resolve))
    expect(second).toBe(true)
    expect(uncaught).toHaveLength(1)
    expect(await store.read.all('SELECT x FROM a')).toHaveLength(1)
  } finally {
    process.removeAllListeners('uncaughtException')
    for (const listener of before) process.on('uncaughtException', listener)
    await store.close()
  }
})

describe('the lock on a state directory', () => {
  it('DUR-07: lets one holder in at a time', async () => {
    const at = file()
    const release = await lockStateDirectory(at)
    await expect(lockStateDirectory(at)).rejects.toMatchObject({ code: 'store-locked' })
    release()
    const again = await lockStateDirectory(at)
    again()
  })
})

describe('what is on the disk', () => {
  const things = { name: '0001-things', sql: 'CREATE TABLE things (id TEXT PRIMARY KEY)' }
  /** A store whose flushes are let through by hand. */
  async function held() {
    const db = await openSqlite(':memory:')
    await migrate(db, ':memory:', [things], 0)
    const waiting: { pass(): void; fail(error: Error): void }[] = []
    const store = createSqliteStore(db, db, {
      flush: () => new Promise<void>((pass, fail) => waiting.push({ pass, fail })),
      tidy: () => undefined, close: async () => undefined,
    })
    const add = (id: string) => store.transaction((tx) => tx.run('INSERT INTO things (id) VALUES (?)', id))
    const flushes = (count: number) => vi.waitFor(() => expect(waiting).toHaveLength(count), { timeout: 60_000 })
    return { store, add, waiting, flushes }
  }

  it('DUR-05: a transaction resolves when it was flushed and not before; others commit meanwhile and share the next flush', async () => {
    const { store, add, waiting, flushes } = await held()
    const told: string[] = []
    const first = add('a').then(() => told.push('a'))
    await flushes(1)
    const others = [add('b').then(() => told.push('b')), add('c').then(() => told.push('c'))]
    expect(await store.read.all('SELECT id FROM things ORDER BY id')).toHaveLength(3)
    expect(told).toEqual([])
    waiting[0]?.pass()
    await first
    expect(told).toEqual(['a'])
    await flushes(2)
    waiting[1]?.pass()
    await Promise.all(others)
    expect(told).toEqual(['a', 'b', 'c'])
    await store.close()
  })
  it('DSK-02: after a flush that failed nothing more is accepted, and nothing is said to be kept', async () => {
    const { store, add, waiting, flushes } = await held()
    const lost = add('a')
    await flushes(1)
    const behind = add('b')
    waiting[0]?.fail(new Error('EIO'))
    await expect(lost).rejects.toMatchObject({ code: 'store-not-durable' })
    await expect(behind).rejects.toMatchObject({ code: 'store-not-durable' })
    await expect(add('c')).rejects.toMatchObject({ code: 'store-not-durable' })
    await store.close()
  })
})
