import { describeError, type AuditOutcome, type Clock, type NewId, type PrincipalId, type Sql, type SqlValue, type Store, type Tx } from '@moltbot/contract'
import { addOldRow, beginningOf, chainKeys, macOf, oldRowsDigest, rowColumns, type ChainHead, type ChainKeys, type ChainRow } from './chain.ts'
import { signCheckpoint, storeCheckpoint } from './checkpoints.ts'
import { capped } from './shown.ts'
import type { Audit, AuditEntry } from './types.ts'
import { whenceNow } from './whence.ts'

export interface AuditOptions {
  store: Store
  clock: Clock
  newId: NewId
  /**
   * 32 secret bytes that stand nowhere beside the database, the same for the life of the record. Undefined while they cannot be had
   * (the vault is locked): entries are kept and sealed into the chain as soon as they can. Asked until it answers, then kept.
   */
  key: Buffer | (() => Buffer | undefined)
  /** Masks secrets in a text before it is written for good. Absent: texts are written as they come. */
  mask?(text: string): string
}

/** The record with what its keeper needs. */
export interface AuditRoom extends Audit {
  /** Undefined while the key cannot be had. */
  keys(): ChainKeys | undefined
  /** Where the chain stands in committed data, as far as this process wrote it. Undefined before its first row. */
  committed(): ChainHead | undefined
  /** Calls back with each row once it is durable. Returns how to stop. */
  onRow(listener: (row: ChainRow) => void): () => void
  /** Calls back when rows this process wrote are not where it left them. Returns how to stop. */
  onTampering(listener: (what: string) => void): () => void
  /** Why the last entry could not be written. Undefined: it could. */
  fault(): string | undefined
  /** Begins the chain where there is none, and seals what was written while the key could not be had. Nothing while it still cannot. */
  begin(tx: Tx): Promise<void>
}

/** A row before it has its place. */
type Unlinked = Pick<ChainRow, 'id' | 'at' | 'act' | 'principal' | 'subject' | 'outcome' | 'reason' | 'facts' | 'place' | 'correlation'>

/** What a text of an entry may be at most, in characters. */
const lengthMax = { act: 100, principal: 200, subject: 500, reason: 1_000, place: 200, correlation: 200, facts: 4_000 } as const
const aboutMax = 1_000

const insertAfter = `INSERT INTO audit (${rowColumns}) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
  WHERE (SELECT mac FROM audit WHERE seq > 0 ORDER BY seq DESC LIMIT 1) = ?`
const insertAnyhow = `INSERT INTO audit (${rowColumns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

export function createAudit(options: AuditOptions): AuditRoom {
  const { store, clock, newId, mask = (text: string): string => text } = options
  const keyBytes = options.key
  let known: ChainKeys | undefined
  const rowListeners = new Set<(row: ChainRow) => void>()
  const tamperingListeners = new Set<(what: string) => void>()
  /** The last row written by this process, committed or not: what the next one most likely follows. */
  let tip: ChainHead | undefined
  let committed: ChainHead | undefined
  /** Macs written since the last commit: what may stand at the end of the table without being committed. */
  const uncommitted = new Set<string>()
  /** Entries this process wrote without the key, by id, as they were written. */
  const unsealed = new Map<string, string>()
  let last: Promise<unknown> = Promise.resolve()
  let fault: string | undefined

  function keys(): ChainKeys | undefined {
    if (known !== undefined) return known
    const bytes = typeof keyBytes === 'function' ? keyBytes() : keyBytes
    return bytes === undefined ? undefined : (known = chainKeys(bytes))
  }

  /** A text, or an object with its keys, without secrets; what stands inside comes here by itself. */
  function masked(value: unknown): unknown {
    if (typeof value === 'string') return mask(value)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [mask(key), inner]))
  }

  function shape(entry: AuditEntry): Unlinked {
    const facts = entry.facts === undefined ? null : JSON.stringify(entry.facts, (_, value: unknown) => masked(value))
    const { place, correlation } = { ...whenceNow(), ...entry }
    return {
      id: newId('au'), at: Math.trunc(clock.now()), act: capped(entry.act, lengthMax.act),
      principal: entry.principal === null ? null : capped(entry.principal, lengthMax.principal),
      subject: capped(mask(entry.subject), lengthMax.subject), outcome: entry.outcome, reason: capped(mask(entry.reason), lengthMax.reason),
      facts: facts === null || facts.length <= lengthMax.facts ? facts : JSON.stringify({ cut: capped(facts, lengthMax.facts - 100) }),
      place: place === undefined ? null : capped(mask(place), lengthMax.place),
      correlation: correlation === undefined ? null : capped(correlation, lengthMax.correlation),
    }
  }

  function linked(chain: ChainKeys, entry: Unlinked, before: ChainHead): ChainRow {
    const { id, at, act, principal, subject, outcome, reason, facts, place, correlation } = entry
    const row = { seq: before.seq + 1, id, at, act, principal, subject, outcome, reason, facts, place, correlation }
    return { ...row, mac: macOf(chain, before.mac, row) }
  }

  function written(tx: Tx, row: ChainRow): void {
    tip = { seq: row.seq, mac: row.mac }
    uncommitted.add(row.mac)
    tx.afterCommit(() => {
      uncommitted.delete(row.mac)
      if (committed === undefined || row.seq > committed.seq) committed = { seq: row.seq, mac: row.mac }
      for (const listener of rowListeners) listener(row)
    })
  }

  async function append(tx: Tx, shaped: Unlinked): Promise<void> {
    const chain = keys()
    if (chain === undefined) {
      await tx.run(insertAnyhow, null, ...contentOf(shaped), null)
      return tx.afterCommit(() => void unsealed.set(shaped.id, JSON.stringify(contentOf(shaped))))
    }
    if (unsealed.size > 0) await seal(tx, chain)
    if (tip !== undefined) {
      const row = linked(chain, shaped, tip)
      // The statement itself looks whether the row before is still the last: nothing is asked beforehand.
      if ((await tx.run(insertAfter, ...valuesOf(row), tip.mac)) === 1) return written(tx, row)
    }
    // The first row of this process, or one after a transaction that was rolled back.
    const row = linked(chain, shaped, await standing(tx, chain))
    await tx.run(insertAnyhow, ...valuesOf(row))
    written(tx, row)
  }

  /** Gives entries that were written without the key their places in the chain, and says which of them nobody watched over. */
  async function seal(tx: Tx, chain: ChainKeys): Promise<void> {
    const waiting = await tx.all<ChainRow>(`SELECT ${rowColumns} FROM audit WHERE seq IS NULL ORDER BY id`)
    if (waiting.length === 0 && unsealed.size === 0) return
    let before = await standing(tx, chain)
    const ids = new Set<string>()
    let unwatched = 0
    for (const found of waiting) {
      const row = linked(chain, found, before)
      await tx.run('UPDATE audit SET seq = ?, mac = ? WHERE id = ?', row.seq, row.mac, row.id)
      written(tx, row)
      before = row
      ids.add(row.id)
      if (unsealed.get(row.id) !== JSON.stringify(contentOf(row))) unwatched += 1
    }
    const missing = [...unsealed.keys()].filter((id) => !ids.has(id)).length
    const row = linked(chain, shape({
      act: 'record.sealed', principal: null, subject: 'audit', outcome: unwatched + missing === 0 ? 'done' : 'failed',
      reason: unwatched + missing === 0 ? 'written while the vault was locked' : 'of what was written while the vault was locked, some cannot be vouched for',
      facts: { rows: waiting.length, unwatched, missing },
    }), before)
    await tx.run(insertAnyhow, ...valuesOf(row))
    written(tx, row)
    tx.afterCommit(() => unsealed.clear())
  }

  /** What the next row follows, from the table; but never less than what this process knows to be committed. */
  async function standing(tx: Tx, chain: ChainKeys): Promise<ChainHead> {
    const head = await headIn(tx)
    if (committed === undefined) return head ?? begin(tx, chain)
    if (head === undefined || head.seq < committed.seq || (head.seq === committed.seq && head.mac !== committed.mac)) {
      tell(`Entries of the record up to ${committed.seq} were written, but the database ends at ${head?.seq ?? 0} or otherwise.`)
      return committed
    }
    if (head.seq > committed.seq && !uncommitted.has(head.mac)) tell(`The entry ${head.seq} of the record was not written by this gateway.`)
    return head
  }

  function tell(what: string): void {
    for (const listener of tamperingListeners) listener(what)
  }

  async function begin(tx: Tx, chain: ChainKeys): Promise<ChainHead> {
    const digest = oldRowsDigest()
    let rows = 0
    for (let after: ChainRow | undefined; ;) {
      const page = await oldRows(tx, after)
      for (const row of page) addOldRow(digest, row)
      rows += page.length
      after = page.at(-1)
      if (after === undefined) break
    }
    const at = Math.trunc(clock.now())
    const mac = beginningOf(chain, rows, digest.digest('hex'), at)
    await storeCheckpoint(tx, signCheckpoint(chain, { kind: 'began', seq: 0, mac, at, rows }))
    return { seq: 0, mac }
  }

  return {
    keys,
    append(tx, entry) {
      // Now, while it is known on whose behalf; and two entries of one transaction may be asked for at once, each follows the other.
      const shaped = shape(entry)
      const done = last.then(() => append(tx, shaped))
      last = done.then(() => { fault = undefined }, (error: unknown) => { fault = describeError(error) })
      return done
    },
    async about(subject) {
      const rows = await store.read.all<ChainRow>(
        `SELECT ${rowColumns} FROM audit WHERE subject = ? ORDER BY at DESC, seq DESC LIMIT ${aboutMax}`, capped(mask(subject), lengthMax.subject),
      )
      return rows.reverse().map(entryOf)
    },
    committed: () => committed,
    fault: () => fault,
    async begin(tx) {
      const chain = keys()
      if (chain === undefined) return
      if ((await headIn(tx)) === undefined) await begin(tx, chain)
      await seal(tx, chain)
    },
    onRow(listener) {
      rowListeners.add(listener)
      return () => void rowListeners.delete(listener)
    },
    onTampering(listener) {
      tamperingListeners.add(listener)
      return () => void tamperingListeners.delete(listener)
    },
  }
}

/** The end of the chain as the database has it: its last row, or what the chain begins from. Undefined: it has not begun. */
export async function headIn(sql: Sql): Promise<ChainHead | undefined> {
  return (
    (await sql.get<ChainRow>('SELECT seq, mac FROM audit WHERE seq > 0 ORDER BY seq DESC LIMIT 1')) ??
    (await sql.get<ChainRow>("SELECT seq, mac FROM audit_checkpoints WHERE kind IN ('began', 'pruned', 'accepted') ORDER BY number DESC LIMIT 1"))
  )
}

/** Rows from before the chain, oldest first, at most 1,000. */
export function oldRows(sql: Sql, after: ChainRow | undefined): Promise<ChainRow[]> {
  return after === undefined
    ? sql.all<ChainRow>(`SELECT ${rowColumns} FROM audit WHERE seq < 0 ORDER BY seq, id LIMIT 1000`)
    : sql.all<ChainRow>(`SELECT ${rowColumns} FROM audit WHERE seq < 0 AND (seq > ? OR (seq = ? AND id > ?)) ORDER BY seq, id LIMIT 1000`, after.seq, after.seq, after.id)
}

function contentOf(row: Unlinked): SqlValue[] {
  return [row.id, row.at, row.act, row.principal, row.subject, row.outcome, row.reason, row.facts, row.place, row.correlation]
}

function valuesOf(row: ChainRow): SqlValue[] {
  return [row.seq, ...contentOf(row), row.mac]
}

function entryOf(row: ChainRow): AuditEntry & { at: number } {
  return {
    at: row.at,
    act: row.act as AuditEntry['act'],
    principal: row.principal as PrincipalId | null,
    subject: row.subject,
    outcome: row.outcome as AuditOutcome,
    reason: row.reason,
    ...(row.place === null ? {} : { place: row.place }),
    ...(row.correlation === null ? {} : { correlation: row.correlation }),
    ...(row.facts === null ? {} : { facts: JSON.parse(row.facts) as Record<string, unknown> }),
  }
}
