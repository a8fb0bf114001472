import { Problem, type Row, type Sql, type SqlValue, type Store, type Tx } from '@moltbot/contract'
import type { SqliteDatabase, SqliteStatement } from '../platform/index.ts'

/** How many queued transactions share one commit (and so one fsync) at most. */
const transactionsPerCommitMax = 64
/** A transaction whose own code takes longer than this is rolled back: it must be waiting for something it should not. */
const workTimeMaxMs = 10_000
/** Nothing was committed for so long: a moment to tidy in. */
const quietMs = 500

/** A transaction whose commit is made. */
interface Committed {
  waiting: Waiting
  /** Others can read it. */
  written(): void
  /** It is on the disk. */
  settle(): void
}

interface Waiting {
  work: (tx: Tx) => Promise<unknown>
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

/** Where the engine keeps what is committed. */
export interface Disk {
  /** What was committed before the call is safe against a power cut when it resolves. */
  flush(): Promise<void>
  /** Work that can wait for a quiet moment; called when nothing was committed for a while. */
  tidy(): void
  close(): Promise<void>
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
 * A store over two connections to one file: one writes, the other reads what is committed while a transaction is open. Transactions that wait while another
 * commits share the next commit, each in a savepoint of its own. A commit is told to its owner when it has been flushed to the
 * disk, which happens beside the work of others: commits made meanwhile share the next flush. After a flush that failed nobody
 * can say what is on the disk, so nothing more is accepted.
 */
export function createSqliteStore(writer: SqliteDatabase, reader: SqliteDatabase, disk?: Disk): Store {
  const sql = statements(writer)
  const begin = writer.prepare('BEGIN IMMEDIATE')
  const commitAll = writer.prepare('COMMIT')
  const reading = reader === writer ? undefined : statements(reader)
  const queue: Waiting[] = []
  let working: Promise<void> | undefined
  /** From the beginning of a transaction to its commit. */
  let transacting = false
  let closed = false
  let broken: unknown
  let unflushed: Committed[] = []
  let flushing: Promise<void> | undefined
  let quiet: ReturnType<typeof setTimeout> | undefined
  const ensureOpen = (): void => {
    if (closed) throw new Problem('store-closed', 'The store is closed.', { next: 'Start the gateway again.' })
    if (broken !== undefined) throw new Problem('store-not-durable', 'The disk did not take what was written; nothing more is accepted.', { cause: broken, next: 'Check the disk, then start the gateway again.' })
  }

  async function flushAll(to: Disk): Promise<void> {
    while (unflushed.length > 0) {
      const taken = unflushed
      unflushed = []
      try {
        if (broken !== undefined) throw broken
        await to.flush()
      } catch (error) {
        broken = error
        for (const { waiting } of taken) waiting.reject(new Problem('store-not-durable', 'It was not put on the disk.', { cause: error, next: 'Check the disk, then start the gateway again.' }))
        continue
      }
      for (const commit of taken) commit.settle()
    }
    flushing = undefined
    clearTimeout(quiet)
    if (!closed) quiet = setTimeout(() => tidy(to), quietMs).unref()
  }

  function tidy(to: Disk): void {
    if (closed || working !== undefined || flushing !== undefined) return
    try {
      to.tidy()
    } catch {
      // It can wait for the next quiet moment; the engine does it by itself when it becomes urgent.
    }
  }

  /** `savepoint`: what undoes this one alone; undefined for the first of a commit, which is undone with all there is. */
  async function runOne(waiting: Waiting, savepoint: string | undefined): Promise<Committed | undefined> {
    const afterCommit: (() => void)[] = []
    const afterWrite: (() => void)[] = []
    let over = false
    const alive = <T>(run: () => Promise<T>): Promise<T> =>
      over ? Promise.reject(new Problem('store-slow-work', 'A statement came after its transaction had ended.')) : run()
    const tx: Tx = {
      all: (query, ...values) => alive(() => sql.all(query, ...values)),
      get: (query, ...values) => alive(() => sql.get(query, ...values)),
      run: (query, ...values) => alive(() => sql.run(query, ...values)),
      afterCommit: (task) => void afterCommit.push(task),
      afterWrite: (task) => void afterWrite.push(task),
    }
    if (savepoint !== undefined) writer.exec(`SAVEPOINT ${savepoint}`)
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
      if (savepoint !== undefined) writer.exec(`RELEASE ${savepoint}`)
      return {
        waiting,
        written: () => afterWrite.forEach(runAfter),
        settle() {
          waiting.resolve(value)
          afterCommit.forEach(runAfter)
        },
      }
    } catch (error) {
      over = true
      if (savepoint === undefined) throw error
      try {
        writer.exec(`ROLLBACK TO ${savepoint}`)
        writer.exec(`RELEASE ${savepoint}`)
      } catch {
        // A full or failing disk: the engine has undone everything since BEGIN by itself. All who share this commit are told the cause.
        throw error
      }
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
      const committed: Committed[] = []
      const batch: Waiting[] = []
      try {
        begin.run()
        transacting = true
        for (let count = 0; count < transactionsPerCommitMax; count += 1) {
          const next = queue.shift()
          if (next === undefined) break
          batch.push(next)
          const commit = await runOne(next, count === 0 ? undefined : `work_${count}`)
          if (commit !== undefined) committed.push(commit)
        }
        commitAll.run()
        transacting = false
      } catch (error) {
        try {
          writer.exec('ROLLBACK')
        } catch {
          // The engine has already rolled back, or never began: nothing is left to undo.
        }
        transacting = false
        for (const waiting of batch) waiting.reject(error)
        if (batch.length === 0) queue.shift()?.reject(error)
        continue
      }
      for (const commit of committed) commit.written()
      if (disk === undefined) {
        for (const commit of committed) commit.settle()
      } else if (committed.length > 0) {
        unflushed.push(...committed)
        flushing ??= Promise.resolve().then(() => flushAll(disk))
      }
    }
  }

  /**
   * Nobody sees an open transaction. While there is none the writing connection reads: it knows its own pages, where the other
   * one has to fetch them anew after each commit. Where there is one connection (in memory) a read waits for all that was asked for.
   */
  const whenIdle = async <T>(run: (sql: Sql) => Promise<T>): Promise<T> => {
    ensureOpen()
    if (reading !== undefined) return run(transacting ? reading : sql)
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
        try {
          ensureOpen()
        } catch (error) {
          return reject(error)
        }
        queue.push({ work, resolve: resolve as (value: unknown) => void, reject })
        working ??= Promise.resolve().then(drain)
      })
    },
    async close() {
      if (closed) return
      closed = true
      clearTimeout(quiet)
      while (working !== undefined || flushing !== undefined) await (working ?? flushing)
      if (reader !== writer) reader.close()
      writer.close()
      await disk?.close()
    },
  }
}
