import type { Migration, PrincipalId, Row, Sql, Store, Tx } from '@moltbot/contract'

/**
 * The files that were read and their lines, with two indexes over the same words: whole ones, and parts of three letters. The indexes follow the
 * lines by triggers, so that a line and its words never differ.
 */
export const memoryMigration: Migration = {
  name: '0001-memory',
  sql: `CREATE TABLE memory_files (root TEXT NOT NULL, path TEXT NOT NULL, principal TEXT NOT NULL, hash TEXT NOT NULL, modified_at REAL NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY (root, path));
        CREATE TABLE memory_lines (id INTEGER PRIMARY KEY, root TEXT NOT NULL, path TEXT NOT NULL, line INTEGER NOT NULL, principal TEXT NOT NULL, text TEXT NOT NULL, day TEXT, source TEXT, origin TEXT);
        CREATE INDEX memory_lines_file ON memory_lines (root, path);
        CREATE VIRTUAL TABLE memory_words USING fts5(text, content='memory_lines', content_rowid='id', tokenize='unicode61 remove_diacritics 2');
        CREATE VIRTUAL TABLE memory_parts USING fts5(text, content='memory_lines', content_rowid='id', tokenize='trigram');
        CREATE TRIGGER memory_lines_added AFTER INSERT ON memory_lines BEGIN
          INSERT INTO memory_words (rowid, text) VALUES (new.id, new.text);
          INSERT INTO memory_parts (rowid, text) VALUES (new.id, new.text);
        END;
        CREATE TRIGGER memory_lines_removed AFTER DELETE ON memory_lines BEGIN
          INSERT INTO memory_words (memory_words, rowid, text) VALUES ('delete', old.id, old.text);
          INSERT INTO memory_parts (memory_parts, rowid, text) VALUES ('delete', old.id, old.text);
        END`,
}

export interface FileRow { path: string; hash: string; modifiedAt: number; bytes: number }
export interface LineRow { id: number; path: string; line: number; text: string; day: string | null; source: string | null; origin: string | null; principal: PrincipalId }
export type NewLine = Pick<LineRow, 'line' | 'text' | 'day' | 'source' | 'origin'>

function toLine(row: Row): LineRow {
  return {
    id: Number(row['id']), path: String(row['path']), line: Number(row['line']), text: String(row['text']), day: row['day'] as string | null, source: row['source'] as string | null,
    origin: row['origin'] as string | null, principal: row['principal'] as PrincipalId,
  }
}

/** The tables of this room as named queries. The only file of the room that holds SQL. */
export function createIndexTable(store: Store) {
  const remove = async (tx: Tx, root: string, path: string): Promise<void> => {
    await tx.run('DELETE FROM memory_lines WHERE root = ? AND path = ?', root, path)
    await tx.run('DELETE FROM memory_files WHERE root = ? AND path = ?', root, path)
  }
  return {
    async files(root: string): Promise<FileRow[]> {
      const rows = await store.read.all('SELECT path, hash, modified_at, bytes FROM memory_files WHERE root = ? ORDER BY path', root)
      return rows.map((row) => ({ path: String(row['path']), hash: String(row['hash']), modifiedAt: Number(row['modified_at']), bytes: Number(row['bytes']) }))
    },
    count: async (root: string): Promise<number> => Number((await store.read.get('SELECT COUNT(*) AS lines FROM memory_lines WHERE root = ?', root))?.['lines'] ?? 0),
    /** The same text with another date: nothing to read again. */
    touch: (root: string, file: FileRow): Promise<number> =>
      store.transaction((tx) => tx.run('UPDATE memory_files SET modified_at = ?, bytes = ? WHERE root = ? AND path = ?', file.modifiedAt, file.bytes, root, file.path)),
    replace: (root: string, principal: PrincipalId, file: FileRow, lines: readonly NewLine[]): Promise<void> => store.transaction(async (tx) => {
      await remove(tx, root, file.path)
      await tx.run('INSERT INTO memory_files (root, path, principal, hash, modified_at, bytes) VALUES (?, ?, ?, ?, ?, ?)', root, file.path, principal, file.hash, file.modifiedAt, file.bytes)
      for (const { line, text, day, source, origin } of lines) {
        await tx.run('INSERT INTO memory_lines (root, path, line, principal, text, day, source, origin) VALUES (?, ?, ?, ?, ?, ?, ?, ?)', root, file.path, line, principal, text, day, source, origin)
      }
    }),
    forget: (root: string, path: string): Promise<void> => store.transaction((tx) => remove(tx, root, path)),
    /** Lines of these places, the best first. `match` is a query of the index. */
    async find(on: Sql, index: 'memory_words' | 'memory_parts', match: string, roots: readonly string[], limit: number): Promise<LineRow[]> {
      const rows = await on.all(
        `SELECT memory_lines.* FROM ${index} JOIN memory_lines ON memory_lines.id = ${index}.rowid WHERE ${index} MATCH ? AND memory_lines.root IN (${roots.map(() => '?').join(', ')}) ORDER BY ${index}.rank LIMIT ?`,
        match, ...roots, limit,
      )
      return rows.map(toLine)
    },
  }
}
