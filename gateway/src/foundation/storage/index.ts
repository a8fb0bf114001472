/**
 * The one database: opens it, brings it up to date, runs transactions. Knows no table but its own list of migrations and
 * never reads what rooms keep in theirs.
 */
import { chmodSync, closeSync, fdatasync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { describeError, Problem, type Migration, type Store } from '@moltbot/contract'
import { openSqlite, systemClock, type SqliteDatabase } from '../platform/index.ts'
import { migrate } from './migrate.ts'
import { createSqliteStore, type Disk } from './sqlite-store.ts'

export { createSqliteStore } from './sqlite-store.ts'
export { migrate, stepsOf } from './migrate.ts'
export { storageProblems } from './problems.ts'

/**
 * Opens (or makes, mode 600) the database file and applies the migrations. Commits are safe against a power cut
 * (WAL, put on the disk before a transaction resolves). `:memory:` gives a store of its own that vanishes with it.
 */
export async function openStore(options: { file: string; migrations: readonly Migration[]; now?: () => number }): Promise<Store> {
  const { file, migrations } = options
  const now = (options.now ?? systemClock.now)()
  if (file === ':memory:') {
    const db = await openSqlite(file)
    await migrate(db, file, migrations, now)
    return createSqliteStore(db, db)
  }
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const writer = await openSqlite(file)
  try {
    chmodSync(file, 0o600)
    tune(writer)
    // Moving the log into the database file stops everything for some milliseconds: done when nothing else is, or when the log is long.
    writer.exec('PRAGMA wal_autocheckpoint = 4000')
    await migrate(writer, file, migrations, now)
  } catch (error) {
    writer.close()
    throw isDamage(error) ? damaged(file, error) : error
  }
  const reader = await openSqlite(file)
  tune(reader)
  reader.exec('PRAGMA query_only = ON')
  return createSqliteStore(writer, reader, logOf(file, writer))
}

const isDamage = (error: unknown): boolean => /file is not a database|disk image is malformed/.test(describeError(error))

function damaged(file: string, cause: unknown): Problem {
  return new Problem('store-damaged', `The database ${file} is damaged. It was left as it is.`, {
    next: 'Put your latest backup back (moltbot backup restore FILE), or one of the copies beside it (moltbot.db.before-…).', cause,
  })
}

/**
 * Puts the engine's log on the disk from outside the engine, so that nothing else stands still meanwhile. With
 * `synchronous=NORMAL` the engine orders log and database file itself and leaves just this to us (sqlite.org/wal.html); the log
 * keeps its file for as long as a connection is open. Data alone is enough: the file only grows, and its growth counts as data.
 */
function logOf(file: string, db: SqliteDatabase): Disk {
  const log = openSync(`${file}-wal`, 'r+')
  const folder = openSync(dirname(file), 'r')
  fsyncSync(folder)
  closeSync(folder)
  return {
    flush: () => new Promise((resolve, reject) => fdatasync(log, (error) => (error === null ? resolve() : reject(error)))),
    tidy: () => db.exec('PRAGMA wal_checkpoint(PASSIVE)'),
    close: async () => closeSync(log),
  }
}

function tune(db: SqliteDatabase): void {
  db.exec('PRAGMA journal_mode = WAL')
  db.exec('PRAGMA synchronous = NORMAL')
  db.exec('PRAGMA foreign_keys = ON')
  db.exec('PRAGMA busy_timeout = 5000')
}

/**
 * Makes this process the only gateway of a state directory, for as long as it lives: the operating system frees the lock
 * when the process ends, however it ends. Rejects with `Problem('store-locked')` while another one holds it.
 */
export async function lockStateDirectory(file: string): Promise<() => void> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const db = await openSqlite(file)
  chmodSync(file, 0o600)
  try {
    db.exec('PRAGMA busy_timeout = 200')
    db.exec('PRAGMA journal_mode = DELETE')
    db.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    db.close()
    throw new Problem('store-locked', 'Another gateway is already running with this state directory.', {
      cause: error,
      next: 'Use it (`moltbot status`), stop it (`moltbot gateway stop`), or choose another directory with MOLTBOT_STATE_DIR.',
    })
  }
  return () => db.close()
}
