import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Migration, Store } from '../store.ts'

const tables: Migration = {
  name: '0001-conformance',
  sql: 'CREATE TABLE things (id TEXT PRIMARY KEY, size INTEGER NOT NULL, note TEXT); CREATE TABLE words (at INTEGER NOT NULL, word TEXT NOT NULL)',
}

/** What every store must do, whatever engine is under it. `open` returns a new empty store with the given migrations applied. */
export function testStore(name: string, open: (migrations: readonly Migration[]) => Promise<Store>): void {
  describe(`store: ${name}`, () => {
    let store: Store
    beforeEach(async () => {
      store = await open([tables])
    })
    afterEach(async () => {
      await store.close()
    })

    const add = (id: string, size = 1) => store.transaction((tx) => tx.run('INSERT INTO things (id, size) VALUES (?, ?)', id, size))
    const ids = async () => (await store.read.all<{ id: string }>('SELECT id FROM things ORDER BY id')).map((row) => row.id)

    it('keeps what a transaction wrote', async () => {
      await add('a')
      expect(await ids()).toEqual(['a'])
    })
    it('gives back exact values: null, 0, negative, 2^53 - 1, empty and long text, quotes, emoji', async () => {
      const note = "it's \"quoted\" 👩‍👩‍👧 \u0000 " + 'x'.repeat(100_000)
      await store.transaction(async (tx) => {
        await tx.run('INSERT INTO things (id, size, note) VALUES (?, ?, ?)', '', Number.MAX_SAFE_INTEGER, note.replace('\u0000', ''))
        await tx.run('INSERT INTO things (id, size, note) VALUES (?, ?, ?)', 'n', -5, null)
      })
      expect(await store.read.get('SELECT size, note FROM things WHERE id = ?', '')).toMatchObject({ size: Number.MAX_SAFE_INTEGER, note: note.replace('\u0000', '') })
      expect(await store.read.get('SELECT size, note FROM things WHERE id = ?', 'n')).toMatchObject({ size: -5, note: null })
    })
    it('answers undefined for a row that is not there', async () => {
      expect(await store.read.get('SELECT * FROM things WHERE id = ?', 'none')).toBeUndefined()
    })
    it('counts changed rows', async () => {
      await add('a')
      await add('b')
      expect(await store.transaction((tx) => tx.run('UPDATE things SET size = 9'))).toBe(2)
      expect(await store.transaction((tx) => tx.run('DELETE FROM things WHERE id = ?', 'zz'))).toBe(0)
    })
    it('undoes everything when the work throws, and rethrows the same error', async () => {
      const error = new Error('on purpose')
      await expect(store.transaction(async (tx) => {
        await tx.run("INSERT INTO things (id, size) VALUES ('a', 1)")
        throw error
      })).rejects.toBe(error)
      expect(await ids()).toEqual([])
    })
    it('one failing transaction does not undo its neighbours', async () => {
      const results = await Promise.allSettled([
        add('a'), add('a'), add('b'),
        store.transaction(async (tx) => { await tx.run("INSERT INTO things (id, size) VALUES ('c', 1)"); throw new Error('no') }),
        add('d'),
      ])
      expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'])
      expect(await ids()).toEqual(['a', 'b', 'd'])
    })
    it('runs transactions one after the other, in the order they were asked for', async () => {
      await Promise.all(Array.from({ length: 50 }, (_, at) => store.transaction(async (tx) => {
        const row = await tx.get<{ count: number }>('SELECT COUNT(*) AS count FROM words')
        await tx.run('INSERT INTO words (at, word) VALUES (?, ?)', row?.count ?? -1, `w${at}`)
      })))
      const rows = await store.read.all<{ at: number; word: string }>('SELECT at, word FROM words ORDER BY at')
      expect(rows.map((row) => row.word)).toEqual(Array.from({ length: 50 }, (_, at) => `w${at}`))
    })
    it('a transaction sees its own writes; readers see them only after the commit', async () => {
      let seenOutside: unknown = 'not asked'
      await store.transaction(async (tx) => {
        await tx.run("INSERT INTO things (id, size) VALUES ('a', 1)")
        expect(await tx.get("SELECT size FROM things WHERE id = 'a'")).toMatchObject({ size: 1 })
        tx.afterCommit(() => { seenOutside = 'committed' })
        expect(seenOutside).toBe('not asked')
      })
      expect(seenOutside).toBe('committed')
    })
    it('calls afterWrite before afterCommit, when others can read, and never after a rollback', async () => {
      const heard: string[] = []
      let seen: Promise<string[]> | undefined
      await store.transaction(async (tx) => {
        await tx.run("INSERT INTO things (id, size) VALUES ('w', 1)")
        tx.afterCommit(() => heard.push('durable'))
        tx.afterWrite(() => {
          heard.push('written')
          seen = ids()
        })
      })
      expect(heard).toEqual(['written', 'durable'])
      expect(await seen).toEqual(['w'])
      await store.transaction(async (tx) => {
        tx.afterWrite(() => heard.push('undone'))
        throw new Error('no')
      }).catch(() => undefined)
      expect(heard).toEqual(['written', 'durable'])
    })
    it('calls afterCommit in order, and never after a rollback', async () => {
      const calls: string[] = []
      await store.transaction(async (tx) => { tx.afterCommit(() => calls.push('1')); tx.afterCommit(() => calls.push('2')) })
      await store.transaction(async (tx) => { tx.afterCommit(() => calls.push('never')); throw new Error('no') }).catch(() => undefined)
      expect(calls).toEqual(['1', '2'])
    })
    it('supports upserts and RETURNING', async () => {
      await add('a', 1)
      const row = await store.transaction((tx) => tx.get('INSERT INTO things (id, size) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET size = excluded.size RETURNING size', 'a', 7))
      expect(row).toMatchObject({ size: 7 })
    })
    it('refuses writes through read', async () => {
      await expect(store.read.run("INSERT INTO things (id, size) VALUES ('x', 1)")).rejects.toThrow()
    })
    it('refuses a statement after its transaction ended', async () => {
      let late: Promise<unknown> = Promise.resolve()
      let use: (() => Promise<unknown>) | undefined
      await store.transaction(async (tx) => { use = () => tx.run("INSERT INTO things (id, size) VALUES ('late', 1)") })
      late = use?.() ?? late
      await expect(late).rejects.toThrow()
      expect(await ids()).toEqual([])
    })
    it('refuses everything after close, and closing twice is harmless', async () => {
      await store.close()
      await store.close()
      await expect(store.transaction(async () => undefined)).rejects.toThrow()
      await expect(store.read.all('SELECT 1')).rejects.toThrow()
    })
  })
}
