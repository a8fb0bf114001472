import type { SourceFile } from '../source-tree.ts'
import { code, opening, table } from './markdown.ts'
import type { Product } from './load-product.ts'

/** The room of a file of the gateway (`journey/inbox`, `foundation/audit`, `api`); undefined outside of rooms. */
export function roomOf(path: string): string | undefined {
  return /^gateway\/src\/((?:foundation|journey)\/[^/]+|api)\//.exec(path)?.[1]
}

/** The room that makes each table. Throws when two do. */
export function tableOwners(tree: readonly SourceFile[]): Map<string, string> {
  const owners = new Map<string, string>()
  for (const { path, strings } of tree) {
    const room = roomOf(path)
    if (room === undefined || /\.test\.ts$|\/testing\//.test(path)) continue
    for (const { value } of strings) {
      for (const [, name = ''] of value.matchAll(/\bCREATE (?:VIRTUAL )?TABLE (?:IF NOT EXISTS )?(\w+)/g)) {
        const other = owners.get(name)
        if (other !== undefined && other !== room) throw new Error(`The table ${name} is made in ${other} and in ${room}.`)
        owners.set(name, room)
      }
    }
  }
  return owners
}

/** Every table after all migrations, by the room that owns it. */
export async function databasePage(tree: readonly SourceFile[], { migrations, openSqlite }: Product): Promise<string> {
  const owners = tableOwners(tree)
  const database = await openSqlite(':memory:')
  try {
    for (const { sql } of [...migrations].sort((a, b) => (a.name < b.name ? -1 : 1))) database.exec(sql)
    // What a full-text index keeps its own data in is made by the engine and named by nobody.
    const made = database.prepare("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite_%' ORDER BY name").all().map((row) => String(row['name']))
    const rooms = [...new Set(made.map((name) => owners.get(name) ?? ''))].sort()
    const parts = [opening(
      'The database', '`~/.moltbot/sessions/moltbot.db`, SQLite, WAL, synchronous FULL. Each table has one owning room, the only one whose code names it. Times are milliseconds since 1970; JSON is text. Not a public interface: use the methods or `moltbot why`.',
    )]
    for (const room of rooms) {
      if (room === '') throw new Error('A migration makes a table that no room owns.')
      parts.push(`## ${room}`, '')
      for (const name of made.filter((each) => owners.get(each) === room)) {
        const columns = database.prepare(`PRAGMA table_info(${name})`).all()
        parts.push(`### ${code(name)}`, '', table(['column', 'type', ''], columns.map((column) => [
          code(String(column['name'])), String(column['type']),
          [Number(column['pk']) > 0 ? 'key' : '', Number(column['notnull']) === 1 && Number(column['pk']) === 0 ? 'never null' : '', column['dflt_value'] === null ? '' : `default ${String(column['dflt_value'])}`].filter((each) => each !== '').join(', '),
        ])), '')
      }
    }
    parts.push('Besides these, `migrations` (foundation/storage) lists the steps that have run:', '', ...migrations.map(({ name }) => name).sort().map((name) => `- ${code(name)}`))
    return `${parts.join('\n').trimEnd()}\n`
  } finally {
    database.close()
  }
}
