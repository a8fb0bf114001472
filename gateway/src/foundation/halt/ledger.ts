import type { Migration, PrincipalId, Sql, Store, Tx } from '@moltbot/contract'
import type { HaltState } from './types.ts'

export const haltMigration: Migration = {
  name: '0001-halt',
  sql: `CREATE TABLE halt (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, since INTEGER NOT NULL, by_principal TEXT NOT NULL, via TEXT NOT NULL, incident TEXT NOT NULL, done INTEGER NOT NULL);
CREATE TABLE halt_told (place TEXT PRIMARY KEY);
CREATE TABLE halt_guesses (id INTEGER PRIMARY KEY, wrong INTEGER NOT NULL, locked_until INTEGER NOT NULL, last_step INTEGER NOT NULL)`,
}

type Row = { kind: string; since: number; by_principal: string; via: string; incident: string; done: number }

export async function readState(on: Sql): Promise<HaltState> {
  const row = await on.get<Row>('SELECT * FROM halt WHERE id = 1')
  if (row === undefined || row.kind === 'running') return { kind: 'running' }
  const who = { since: row.since, by: row.by_principal as PrincipalId, via: row.via }
  return row.kind === 'paused' ? { kind: 'paused', ...who } : { kind: 'panic', ...who, incident: row.incident, done: row.done === 1 }
}

/** Whoever was told of an earlier halt is told of this one too, unless it is only carried on. */
export async function writeState(tx: Tx, state: HaltState, carriedOn = false): Promise<void> {
  await tx.run('DELETE FROM halt')
  if (!carriedOn) await tx.run('DELETE FROM halt_told')
  if (state.kind === 'running') return
  const { since, by, via } = state
  await tx.run('INSERT INTO halt (id, kind, since, by_principal, via, incident, done) VALUES (1, ?, ?, ?, ?, ?, ?)', state.kind, since, by, via, state.kind === 'panic' ? state.incident : '', state.kind === 'panic' && state.done ? 1 : 0)
}

/** True the first time for each place. */
export async function tellOnce(tx: Tx, place: string): Promise<boolean> {
  return (await tx.run('INSERT INTO halt_told (place) VALUES (?) ON CONFLICT DO NOTHING', place)) === 1
}

/** Wrong codes in a row, until when none is looked at, and the last authenticator step that was used. */
export interface Guesses { wrong: number; lockedUntil: number; lastStep: number }

export async function readGuesses(on: Sql): Promise<Guesses> {
  const row = await on.get<{ wrong: number; locked_until: number; last_step: number }>('SELECT * FROM halt_guesses WHERE id = 1')
  return { wrong: row?.wrong ?? 0, lockedUntil: row?.locked_until ?? 0, lastStep: row?.last_step ?? 0 }
}

export async function writeGuesses(store: Store, guesses: Guesses, also: (tx: Tx) => Promise<void>): Promise<void> {
  await store.transaction(async (tx) => {
    await tx.run(
      'INSERT INTO halt_guesses (id, wrong, locked_until, last_step) VALUES (1, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET wrong = excluded.wrong, locked_until = excluded.locked_until, last_step = excluded.last_step',
      guesses.wrong, guesses.lockedUntil, guesses.lastStep,
    )
    await also(tx)
  })
}
