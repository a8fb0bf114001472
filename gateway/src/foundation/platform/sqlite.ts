/**
 * The SQLite engine of this Node: `node:sqlite` where it is stable enough (22.13 on), else the prebuilt package with the
 * same classes. The only place that knows the difference.
 */
export interface SqliteStatement {
  all(...values: unknown[]): Record<string, unknown>[]
  get(...values: unknown[]): Record<string, unknown> | undefined
  run(...values: unknown[]): { changes: number | bigint }
}
export interface SqliteDatabase {
  exec(sql: string): void
  prepare(sql: string): SqliteStatement
  close(): void
}
type SqliteModule = { DatabaseSync: new (file: string, options?: { readOnly?: boolean }) => SqliteDatabase }

let loaded: Promise<SqliteModule> | undefined

/** Opens a database file, or `:memory:`. Rejects when neither engine is there. */
export async function openSqlite(file: string, options: { readOnly?: boolean } = {}): Promise<SqliteDatabase> {
  loaded ??= loadSqlite()
  const { DatabaseSync } = await loaded
  return new DatabaseSync(file, options)
}

async function loadSqlite(): Promise<SqliteModule> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 22 || (major === 22 && minor >= 13)) {
    const name = 'node:sqlite'
    return (await import(name)) as unknown as SqliteModule
  }
  return (await import('@photostructure/sqlite')) as unknown as SqliteModule
}
