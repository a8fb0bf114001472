/**
 * The one database. Rooms own tables, say what they need in SQL kept in the room's own file, and never see a driver.
 * The dialect is what SQLite and PostgreSQL share: `?` placeholders, `INSERT … ON CONFLICT`, `RETURNING`; columns are
 * TEXT, INTEGER (64 bit, read as number), REAL; JSON is TEXT written by the room; times are epoch ms.
 */
export type SqlValue = string | number | null
export type Row = Record<string, SqlValue>

/** Statements inside one unit of work. */
export interface Sql {
  all<R extends Row = Row>(query: string, ...values: SqlValue[]): Promise<R[]>
  /** The first row, or undefined. */
  get<R extends Row = Row>(query: string, ...values: SqlValue[]): Promise<R | undefined>
  /** How many rows changed. */
  run(query: string, ...values: SqlValue[]): Promise<number>
}

/** An open transaction. `afterCommit` runs once the commit is durable, in order, and never when it rolled back. A task that throws stops neither the store nor the tasks after it. */
export interface Tx extends Sql {
  afterCommit(task: () => void): void
  /**
   * Runs once the commit can be read, perhaps before it is durable, and never when it rolled back. Only for work of which nothing
   * reaches the world before a later transaction of its own has resolved: that one is never durable without this one.
   */
  afterWrite(task: () => void): void
}

export interface Store {
  /** Reads that see committed data only. Never waits for a writer. */
  read: Sql
  /**
   * All or nothing, one writer at a time, durable (safe against a power cut) before it resolves. `work` must only await
   * statements of its own `tx`; a throw rolls back and is rethrown. Transactions never nest: pass the `tx` on.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /** Waits for the running transaction, then closes. Later calls reject. */
  close(): Promise<void>
}

/** One numbered step. Names look like `0001-what`; steps only ever add to the end of the list and never change once released. */
export interface Migration {
  name: string
  /** SQL statements separated by `;`, in the shared dialect. */
  sql: string
}
