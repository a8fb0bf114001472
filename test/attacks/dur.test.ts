import { closeSync, existsSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Store } from '@moltbot/contract'
import { openSqlite, type SqliteDatabase } from '../../gateway/src/foundation/platform/index.ts'
import { createSqliteStore } from '../../gateway/src/foundation/storage/index.ts'
import { echoModel } from '../fakes/model-servers/index.ts'
import { startProcessWorld, type ProcessWorld } from '../support/process-world.ts'

/** One gateway of its own for all of them; what they do to it comes one after the other. The storm (`npm run storm`) does the same thousands of times. */
describe('DUR: one gateway, killed, stopped and damaged', () => {
  let world: ProcessWorld
  beforeAll(async () => { world = await startProcessWorld(echoModel('heard: '), { messages: { queue: { mode: 'followup' } } }) })
  afterAll(() => world.close())
  const database = (): string => join(world.gateway.stateDir, 'sessions', 'moltbot.db')
  const answersTo = (words: string): number => world.telegram.sent.filter(({ text }) => text === `heard: ${words}`).length
  const marked = async (): Promise<number> => Number((await world.gateway.rows('SELECT COALESCE(SUM(resent), 0) AS n FROM deliveries'))[0]?.['n'])

  it('DUR-04: killed six times at moments that chance chose, while messages come: each has exactly one end and its answer, and what may be there twice is marked', async () => {
    const { gateway, telegram, olga } = world
    const said: string[] = []
    for (let round = 0; round < 6; round += 1) {
      for (let one = 0; one < 3; one += 1) {
        const words = `message ${round}.${one}`
        said.push(words)
        telegram.say(olga, words)
      }
      // The moment is counted in what the network saw, not in time: from nothing at all to several answers.
      const seen = telegram.sent.length
      if (round > 0) await telegram.until(() => telegram.sent.length >= seen + (round % 3), 'some of the answers')
      await gateway.kill()
      await gateway.start(60_000)
    }
    await world.quiet()
    const twice = said.map((words) => answersTo(words) - 1)
    expect(said.filter((words) => answersTo(words) === 0)).toEqual([])
    expect(twice.reduce((sum, more) => sum + more, 0)).toBeLessThanOrEqual(await marked())
    expect(await gateway.rows("SELECT end_state, COUNT(*) AS n FROM inbox GROUP BY end_state")).toEqual([{ end_state: 'answered', n: said.length }])
  })

  it('DUR-13: after all that, inbox, transcript, deliveries and record agree', async () => {
    const { gateway } = world
    const orphans = await gateway.rows(`SELECT 'turn' AS what, id FROM turns WHERE state != 'done' AND ended_at IS NULL
      UNION ALL SELECT 'delivery', id FROM deliveries WHERE settled_at IS NULL OR (turn_id IS NOT NULL AND turn_id NOT IN (SELECT id FROM turns))
      UNION ALL SELECT 'inbox', id FROM inbox WHERE end_state = 'answered' AND turn_id NOT IN (SELECT turn_id FROM deliveries WHERE state = 'sent')`)
    expect(orphans).toEqual([])
    const asked = await gateway.rows("SELECT COUNT(*) AS n FROM entries WHERE body LIKE '%message %.%' AND body NOT LIKE '%heard: message%'")
    expect(Number(asked[0]?.['n'])).toBeGreaterThanOrEqual(18)
    const { code, out } = await gateway.cli(['audit', 'verify', '--json'])
    expect([code, (JSON.parse(out) as { ok?: boolean }).ok]).toEqual([0, true])
  })

  it('DUR-09: started five times in a row with nothing new, it says nothing to anybody', async () => {
    const { gateway, telegram } = world
    const sent = telegram.sent.length
    for (let round = 0; round < 5; round += 1) {
      await (round % 2 === 0 ? gateway.kill() : gateway.stop())
      await gateway.start(60_000)
    }
    telegram.say(world.olga, 'only this')
    await telegram.nextSent(({ text }) => text === 'heard: only this')
    await world.quiet()
    expect(telegram.sent.length).toBe(sent + 1)
  })

  it('TIM-02: a process that stood still goes on with what came meanwhile, once', async () => {
    const { gateway, telegram, olga } = world
    process.kill(gateway.pid ?? 0, 'SIGSTOP')
    telegram.say(olga, 'while it slept')
    expect(await gateway.ready(1_500)).toBe(false)
    expect(answersTo('while it slept')).toBe(0)
    process.kill(gateway.pid ?? 0, 'SIGCONT')
    await telegram.nextSent(({ text }) => text === 'heard: while it slept')
    await world.quiet()
    expect(answersTo('while it slept')).toBe(1)
  })

  it('DUR-06: a log of the database that was torn at its end loses nothing that was told as kept', async () => {
    const { gateway, telegram, olga } = world
    const { updateId } = telegram.say(olga, 'before the tear')
    await telegram.until(() => telegram.isConfirmed(updateId), 'the message to be acknowledged')
    await world.quiet()
    await gateway.kill()
    const log = `${database()}-wal`
    const size = existsSync(log) ? statSync(log).size : 0
    expect(size).toBeGreaterThan(0)
    // Half a frame more, as a power cut leaves it, then garbage in the place of the next.
    const file = openSync(log, 'r+')
    writeSync(file, Buffer.alloc(2_000, 0x5a), 0, 2_000, size)
    ftruncateSync(file, size + 1_700)
    closeSync(file)
    await gateway.start(60_000)
    telegram.say(olga, 'after the tear')
    await telegram.nextSent(({ text }) => text === 'heard: after the tear')
    await world.quiet()
    expect([answersTo('before the tear'), answersTo('after the tear')]).toEqual([1, 1])
  })

  it('DUR-06: a database that is none any more is refused in words, left as it is, and comes back by putting the copy back', async () => {
    const { gateway, telegram, olga } = world
    await gateway.stop()
    // What is in the log stands in the file afterwards: else a good copy of the page would lie in the log.
    const tidy = await openSqlite(database())
    tidy.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    tidy.close()
    const whole = readFileSync(database())
    const damaged = Buffer.from(whole)
    damaged.fill(0x41, 0, 4_096)
    writeFileSync(database(), damaged)
    rmSync(`${database()}-wal`, { force: true })
    rmSync(`${database()}-shm`, { force: true })
    const { code, output } = await gateway.run()
    expect(code).toBe(1)
    expect(output).toContain('is damaged. It was left as it is.')
    expect(output).toContain('moltbot backup restore')
    expect(readFileSync(database()).equals(damaged)).toBe(true)
    writeFileSync(database(), whole)
    await gateway.start(60_000)
    telegram.say(olga, 'whole again')
    await telegram.nextSent(({ text }) => text === 'heard: whole again')
    await world.quiet()
  })

  it('DUR-04 twin: answers that nobody wrote down would be found missing or double', async () => {
    expect(answersTo('a message nobody sent')).toBe(0)
    await world.gateway.stop()
    const db = await openSqlite(database())
    db.exec("UPDATE inbox SET end_state = NULL WHERE id = (SELECT id FROM inbox LIMIT 1)")
    db.close()
    expect(await world.gateway.rows('SELECT id FROM inbox WHERE end_state IS NULL')).toHaveLength(1)
  })
})

describe('DSK: a disk that takes no more', () => {
  let folder: string | undefined
  let store: Store | undefined
  afterEach(async () => {
    await store?.close()
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  })
  async function small(pages: number): Promise<{ writer: SqliteDatabase; store: Store }> {
    folder = mkdtempSync(join(tmpdir(), 'dsk-'))
    const writer = await openSqlite(join(folder, 'small.db'))
    writer.exec('PRAGMA journal_mode = WAL')
    writer.exec('CREATE TABLE kept (n INTEGER PRIMARY KEY, text TEXT NOT NULL)')
    writer.exec(`PRAGMA max_page_count = ${pages}`)
    const reader = await openSqlite(join(folder, 'small.db'))
    store = createSqliteStore(writer, reader)
    return { writer, store }
  }

  it('DSK-01: full in the middle of a transaction: it is refused whole, what was kept stays, and work goes on when there is room again', async () => {
    const { writer, store: full } = await small(40)
    const put = (count: number): Promise<void> => full.transaction(async (tx) => { for (let at = 0; at < count; at += 1) await tx.run('INSERT INTO kept (text) VALUES (?)', 'x'.repeat(2_000)) })
    await put(10)
    await expect(put(200)).rejects.toThrow(/full/)
    await expect(put(200)).rejects.toThrow(/full/)
    expect(await full.read.get('SELECT COUNT(*) AS n FROM kept')).toEqual({ n: 10 })
    expect(writer.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
    await put(5)
    writer.exec('PRAGMA max_page_count = 4000')
    await put(200)
    expect(await full.read.get('SELECT COUNT(*) AS n FROM kept')).toEqual({ n: 215 })
  })

  it('DSK-01: one that does not fit takes none of those with it that share its commit', async () => {
    const { store: full } = await small(40)
    const put = (count: number): Promise<void> => full.transaction(async (tx) => { for (let at = 0; at < count; at += 1) await tx.run('INSERT INTO kept (text) VALUES (?)', 'y'.repeat(2_000)) })
    const ends = await Promise.allSettled([put(3), put(500), put(4)])
    const kept = Number((await full.read.get('SELECT COUNT(*) AS n FROM kept'))?.['n'])
    expect(kept).toBe(ends.reduce((sum, { status }, at) => sum + (status === 'fulfilled' ? [3, 500, 4][at] ?? 0 : 0), 0))
    expect(ends[1]?.status).toBe('rejected')
  })

  it('DSK-01 twin: without a transaction half of it would stay', async () => {
    const { writer } = await small(40)
    const insert = writer.prepare('INSERT INTO kept (text) VALUES (?)')
    expect(() => { for (let at = 0; at < 500; at += 1) insert.run('x'.repeat(2_000)) }).toThrow(/full/)
    expect(Number(writer.prepare('SELECT COUNT(*) AS n FROM kept').get()?.['n'])).toBeGreaterThan(5)
  })
})
