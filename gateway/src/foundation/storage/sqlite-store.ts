import { Problem, type Row, type Sql, type SqlValue, type Store, type Tx } from '@moltbot/contract'
import type { SqliteDatabase, SqliteStatement } from '../platform/index.ts'

/** How many queued transactions share one commit (and so one fsync) at most. */
const transactionsPerCommitMax = 64
/** A transaction whose own code takes longer than this is rolled back: it must be waiting for something it should not. */
const workTimeMaxMs = 10_000

interface Waiting {
  work: (tx: Tx) => Promise<unknown>
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

/** What follows a commit is its owner's affair: a fault there is reported as uncaught and stops neither the store nor the other tasks. */
function runAfter(task: () => void): void {
  try {
    task()
  } catch (error) {
    queueMicrotask(() => { throw error })
  }
}

function statements(db: SqliteDatabase): Sql {
  const prepared = new Map<string, SqliteStatement>()
  const prepare = (query: string): SqliteStatement => {
    let statement = prepared.get(query)
    if (statement === undefined) {
      statement = db.prepare(query)
      prepared.set(query, statement)
    }
    return statement
  }
  return {
    async all<R extends Row>(query: string, ...values: SqlValue[]) {
      return prepare(query).all(...values) as R[]
    },
    async get<R extends Row>(query: string, ...values: SqlValue[]) {
      return (prepare(query).get(...values) ?? undefined) as R | undefined
    },
    async run(query: string, ...values: SqlValue[]) {
      return Number(prepare(query).run(...values).changes)
    },
  }
}

/**
 * A store over two connections to one file: one writes, one reads what is committed. Transactions that wait while another
 * commits share the next commit, each in a savepoint of its own, so that a burst costs one fsync and not one each.
 */
export function createSqliteStore(writer: SqliteDatabase, reader: SqliteDatabase): Store {
  const sql = statements(writer)
  const reading = reader === writer ? undefined : statements(reader)
  const queue: Waiting[] = []
  let working: Promise<void> | undefined
  let closed = false
  const ensureOpen = (): void => {
    if (closed) throw new Problem('store-closed', 'The store is closed.', { next: 'Start the gateway again.' })
  }

  async function runOne(waiting: Waiting, name: string): Promise<(() => void) | undefined> {
    const afterCommit: (() => void)[] = []
    let over = false
    const alive = <T>(run: () => Promise<T>): Promise<T> =>
      over ? Promise.reject(new Problem('store-slow-work', 'A statement came after its transaction had ended.')) : run()
    const tx: Tx = {
      all: (query, ...values) => alive(() => sql.all(query, ...values)),
      get: (query, ...values) => alive(() => sql.get(query, ...values)),
      run: (query, ...values) => alive(() => sql.run(query, ...values)),
      afterCommit: (task) => void afterCommit.push(task),
    }
    writer.exec(`SAVEPOINT ${name}`)
    let timer: ReturnType<typeof setTimeout> | undefined
    try {
      const timeout = new Promise<never>((_, reject) => {
        timer = setTimeout(
          () => reject(new Problem('store-slow-work', 'A transaction took longer than 10 s and was rolled back.')),
          workTimeMaxMs,
        )
      })
      const value = await Promise.race([waiting.work(tx), timeout])
      over = true
      writer.exec(`RELEASE ${name}`)
      return () => {
        waiting.resolve(value)
        for (const task of afterCommit) runAfter(task)
      }
    } catch (error) {
      over = true
      writer.exec(`ROLLBACK TO ${name}`)
      writer.exec(`RELEASE ${name}`)
      waiting.reject(error)
      return undefined
    } finally {
      clearTimeout(timer)
    }
  }

  async function drain(): Promise<void> {
    try {
      await drainQueue()
    } finally {
      // Whoever heard of a commit may have asked for the next transaction before this line.
      working = queue.length > 0 ? Promise.resolve().then(drain) : undefined
    }
  }

  async function drainQueue(): Promise<void> {
    while (queue.length > 0) {
      const settled: (() => void)[] = []
      const batch: Waiting[] = []
      try {
        writer.exec('BEGIN IMMEDIATE')
        for (let count = 0; count < transactionsPerCommitMax; count += 1) {
          const next = queue.shift()
          if (next === undefined) break
          batch.push(next)
          const settle = await runOne(next, `work_${count}`)
          if (settle !== undefined) settled.push(settle)
        }
        writer.exec('COMMIT')
      } catch (error) {
        try {
          writer.exec('ROLLBACK')
        } catch {
          // The engine has already rolled back, or never began: nothing is left to undo.
        }
        for (const waiting of batch) waiting.reject(error)
        if (batch.length === 0) queue.shift()?.reject(error)
        continue
      }
      for (const settle of settled) settle()
    }
  }

  /** Reads on a shared connection (in memory) must not see an open transaction. */
  const whenIdle = async <T>(run: (sql: Sql) => Promise<T>): Promise<T> => {
    ensureOpen()
    if (reading !== undefined) return run(reading)
    while (working !== undefined) await working
    return run(sql)
  }

  return {
    read: {
      all: (query, ...values) => whenIdle((on) => on.all(query, ...values)),
      get: (query, ...values) => whenIdle((on) => on.get(query, ...values)),
      run: () => Promise.reject(new Problem('store-read-only', 'A read cannot change rows; use a transaction.')),
    },
    transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        if (closed) return reject(new Problem('store-closed', 'The store is closed.', { next: 'Start the gateway again.' }))
        queue.push({ work, resolve: resolve as (value: unknown) => void, reject })
        working ??= Promise.resolve().then(drain)
      })
    },
    async close() {
      if (closed) return
      closed = true
      while (working !== undefined) await working
      if (reader !== writer) reader.close()
      writer.close()
    },
  }
}
