import type { Migration, Row, Sql, Store, Tx } from '@moltbot/contract'
import type { SpendDay, SpendGroup, SpendKind, SpendRow, Tokens } from './types.ts'

export const budgetMigration: Migration = {
  name: '0001-budget',
  sql: `CREATE TABLE spend (id TEXT PRIMARY KEY, at INTEGER NOT NULL, day TEXT NOT NULL, principal TEXT NOT NULL, agent TEXT NOT NULL, channel TEXT NOT NULL, session TEXT NOT NULL,
          turn TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, input INTEGER NOT NULL, output INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,
          cost INTEGER NOT NULL, price_source TEXT NOT NULL);
        CREATE INDEX spend_day ON spend (day);
        CREATE INDEX spend_turn ON spend (turn);
        CREATE TABLE spend_notices (name TEXT PRIMARY KEY, at INTEGER NOT NULL);
        CREATE TABLE spend_state (name TEXT PRIMARY KEY, value TEXT NOT NULL)`,
}

/** Caps that were raised for a period, and where that was refused (0), each by one answer of a person. */
export const budgetRaisesMigration: Migration = {
  name: '0002-budget-raises',
  sql: 'CREATE TABLE budget_raises (approval TEXT PRIMARY KEY, cap TEXT NOT NULL, micros INTEGER NOT NULL, at INTEGER NOT NULL)',
}

const columns: Record<SpendKind, string> = { model: "provider || '/' || model", agent: 'agent', person: 'principal', channel: 'channel', session: 'session' }
const sums = `COUNT(*) AS calls, COALESCE(SUM(input), 0) AS input, COALESCE(SUM(output), 0) AS output, COALESCE(SUM(cache_read), 0) AS cache_read, COALESCE(SUM(cache_write), 0) AS cache_write,
  COALESCE(SUM(cost), 0) AS cost, COALESCE(SUM(CASE WHEN price_source = 'ceiling' THEN 1 ELSE 0 END), 0) AS unpriced`

function toTokens(row: Row): Tokens {
  return {
    calls: Number(row['calls']), input: Number(row['input']), output: Number(row['output']), cacheRead: Number(row['cache_read']), cacheWrite: Number(row['cache_write']),
    costUsd: Number(row['cost']) / 1_000_000, unpriced: Number(row['unpriced']),
  }
}

/** The tables of this room as named queries. The only file of the room that holds SQL. */
export function createLedger(store: Store) {
  return {
    /** Writing the same row twice is harmless. */
    async put(tx: Tx, row: SpendRow): Promise<void> {
      const { charge } = row
      await tx.run(
        `INSERT INTO spend (id, at, day, principal, agent, channel, session, turn, provider, model, input, output, cache_read, cache_write, cost, price_source)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
        row.id, row.at, row.day, charge.principal, charge.agent, charge.channel, charge.session, charge.turn, row.provider, row.model, row.input, row.output, row.cacheRead, row.cacheWrite,
        row.costMicros, row.source,
      )
    },
    async latestDay(): Promise<string> {
      return String((await store.read.get('SELECT MAX(day) AS day FROM spend'))?.['day'] ?? '')
    },
    /** Sums since a day, as far as caps need them. */
    async since(day: string): Promise<{ day: string; principal: string; agent: string; channel: string; costMicros: number }[]> {
      return (await store.read.all('SELECT day, principal, agent, channel, SUM(cost) AS cost FROM spend WHERE day >= ? GROUP BY day, principal, agent, channel', day)).map((row) => ({
        day: String(row['day']), principal: String(row['principal']), agent: String(row['agent']), channel: String(row['channel']), costMicros: Number(row['cost']),
      }))
    },
    async costOfTurn(turn: string): Promise<number> {
      return Number((await store.read.get('SELECT COALESCE(SUM(cost), 0) AS cost FROM spend WHERE turn = ?', turn))?.['cost'] ?? 0)
    },
    async ofTurn(turn: string): Promise<Tokens> {
      return toTokens((await store.read.get(`SELECT ${sums} FROM spend WHERE turn = ?`, turn)) as Row)
    },
    async days(from: string, principal: string | undefined): Promise<Map<string, Tokens>> {
      const rows = await store.read.all(`SELECT day, ${sums} FROM spend WHERE day >= ? AND (? IS NULL OR principal = ?) GROUP BY day`, from, principal ?? null, principal ?? null)
      return new Map(rows.map((row) => [String(row['day']), toTokens(row)]))
    },
    async by(kind: SpendKind, from: string): Promise<SpendGroup[]> {
      const rows = await store.read.all(`SELECT ${columns[kind]} AS name, ${sums} FROM spend WHERE day >= ? GROUP BY 1 ORDER BY cost DESC, calls DESC, name LIMIT 500`, from)
      return rows.map((row) => ({ name: String(row['name']), ...toTokens(row) }))
    },
    /** Those of these names by day, the others of each day under null. */
    async daily(kind: SpendKind, from: string, names: readonly string[]): Promise<SpendDay[]> {
      const named = `CASE WHEN ${columns[kind]} IN (${names.map(() => '?').join(', ')}) THEN ${columns[kind]} END`
      const rows = await store.read.all(`SELECT day, ${named} AS name, ${sums} FROM spend WHERE day >= ? GROUP BY 1, 2 ORDER BY day, cost DESC, name`, ...names, from)
      return rows.map((row) => ({ date: String(row['day']), name: row['name'] === null ? null : String(row['name']), ...toTokens(row) }))
    },
    async forget(tx: Tx, before: string): Promise<void> {
      await tx.run('DELETE FROM spend WHERE day < ?', before)
    },
    async notices(): Promise<string[]> {
      return (await store.read.all('SELECT name FROM spend_notices ORDER BY at DESC LIMIT 1000')).map((row) => String(row['name']))
    },
    async noticed(tx: Tx, name: string, at: number): Promise<void> {
      await tx.run('INSERT INTO spend_notices (name, at) VALUES (?, ?) ON CONFLICT (name) DO NOTHING', name, at)
    },
    /** False: this answer was written down before. */
    async raise(tx: Tx, raise: { approval: string; cap: string; micros: number; at: number }): Promise<boolean> {
      return (await tx.run('INSERT INTO budget_raises (approval, cap, micros, at) VALUES (?, ?, ?, ?) ON CONFLICT (approval) DO NOTHING', raise.approval, raise.cap, raise.micros, raise.at)) === 1
    },
    async raises(): Promise<{ cap: string; micros: number }[]> {
      return (await store.read.all('SELECT cap, micros FROM budget_raises ORDER BY at')).map((row) => ({ cap: String(row['cap']), micros: Number(row['micros']) }))
    },
    async forgetRaises(tx: Tx, before: number): Promise<void> {
      await tx.run('DELETE FROM budget_raises WHERE at < ?', before)
    },
    async state(on: Sql, name: string): Promise<string | undefined> {
      const row = await on.get('SELECT value FROM spend_state WHERE name = ?', name)
      return row === undefined ? undefined : String(row['value'])
    },
    async saveState(tx: Tx, name: string, value: string): Promise<void> {
      await tx.run('INSERT INTO spend_state (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value', name, value)
    },
  }
}
