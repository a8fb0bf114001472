import { copyFileSync, rmSync, statSync } from 'node:fs'
import { Problem, type Migration } from '@moltbot/contract'
import { openSqlite, type SqliteDatabase } from '../platform/index.ts'

const ledger = 'CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied_at INTEGER NOT NULL)'

function applied(db: SqliteDatabase): string[] {
  db.exec(ledger)
  return stepsOf(db)
}

/** Names of the steps a database has taken, in order. */
export function stepsOf(db: SqliteDatabase): string[] {
  return db.prepare('SELECT name FROM migrations ORDER BY name').all().map((row) => String(row['name']))
}

function apply(db: SqliteDatabase, pending: readonly Migration[], now: number): void {
  for (const migration of pending) {
    db.exec('BEGIN IMMEDIATE')
    try {
      db.exec(migration.sql)
      db.prepare('INSERT INTO migrations (name, applied_at) VALUES (?, ?)').run(migration.name, now)
      db.exec('COMMIT')
    } catch (error) {
      db.exec('ROLLBACK')
      throw error
    }
  }
}

/**
 * Brings a database up to the given list. Steps that are missing are tried on a copy first (`<file>.trial`), which must pass
 * the engine's integrity check; only then does the real file change, and the copy from before is kept as `<file>.before-<step>`.
 */
export async function migrate(db: SqliteDatabase, file: string, migrations: readonly Migration[], now: number): Promise<void> {
  const ordered = [...migrations].sort((a, b) => (a.name < b.name ? -1 : 1))
  const done = applied(db)
  const unknown = done.filter((name) => !ordered.some((migration) => migration.name === name))
  if (unknown.length > 0) {
    throw new Problem('store-newer', `The database knows a step this version does not have (${unknown.join(', ')}).`, {
      next: 'Start the newer version again, or restore the backup from before the update.',
    })
  }
  const pending = ordered.filter((migration) => !done.includes(migration.name))
  if (pending.length === 0) return
  if (file !== ':memory:' && done.length > 0) await rehearse(db, file, pending, now)
  apply(db, pending, now)
}

async function rehearse(db: SqliteDatabase, file: string, pending: readonly Migration[], now: number): Promise<void> {
  const trial = `${file}.trial`
  rmSync(trial, { force: true })
  db.prepare('VACUUM INTO ?').run(trial)
  copyFileSync(trial, `${file}.before-${pending[0]?.name ?? 'migration'}`)
  const copy = await openSqlite(trial)
  try {
    apply(copy, pending, now)
    const verdict = copy.prepare('PRAGMA integrity_check').get()
    if (Object.values(verdict ?? {})[0] !== 'ok') throw new Error(`integrity check: ${JSON.stringify(verdict)}`)
  } catch (error) {
    throw new Problem('store-migration-failed', 'A migration failed on the trial copy; your database was not touched.', {
      cause: error,
      next: 'Start the previous version and report the error in the log.',
    })
  } finally {
    copy.close()
    rmSync(trial, { force: true })
    statSync(file)
  }
}
