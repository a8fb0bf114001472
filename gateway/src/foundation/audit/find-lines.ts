import type { AuditExport, AuditFormat, AuditPage, AuditQuery, Sql, SqlValue } from '@moltbot/contract'
import { nounsOf } from './acts.ts'
import { rowColumns, type ChainRow } from './chain.ts'
import { lineOf, ocsfOf, type LineSource } from './lines.ts'

const limitDefault = 100
const limitMax = 1_000

/** A page of the record as asked. Rows from before the chain come first. */
export async function findLines(sql: Sql, query: AuditQuery): Promise<AuditPage> {
  const conditions: string[] = []
  const values: SqlValue[] = []
  const where = (condition: string, ...given: SqlValue[]): void => {
    conditions.push(condition)
    values.push(...given)
  }
  if (query.since !== undefined) where('at >= ?', query.since)
  if (query.until !== undefined) where('at <= ?', query.until)
  if (query.principal !== undefined) where('principal = ?', query.principal)
  if (query.outcome !== undefined) where('outcome = ?', query.outcome)
  if (query.kind !== undefined) {
    const nouns: string[] = nounsOf(query.kind)
    if (query.kind.includes('.')) where('act = ?', query.kind)
    // A class may be called as one of its nouns; then the noun is meant.
    else {
      const asked = nouns.length === 0 || nouns.includes(query.kind) ? [query.kind] : nouns
      where(`(${asked.map(() => "act LIKE ? ESCAPE '!'").join(' OR ')})`, ...asked.map((noun) => `${noun.replace(/[!%_]/g, '!$&')}.%`))
    }
  }
  const forward = query.after !== undefined
  if (query.after !== undefined) where('seq > ?', query.after)
  else if (query.before !== undefined) where('seq < ?', query.before)
  const limit = Math.min(limitMax, Math.max(1, query.limit ?? limitDefault))
  const found = await sql.all<ChainRow>(
    `SELECT ${rowColumns} FROM audit WHERE ${['seq IS NOT NULL', ...conditions].join(' AND ')} ORDER BY seq ${forward ? 'ASC' : 'DESC'} LIMIT ${limit + 1}`, ...values,
  )
  const page = found.slice(0, limit)
  const next = found.length > limit ? (page.at(-1)?.seq ?? null) : null
  return { lines: (forward ? page : page.reverse()).map(lineOf), next }
}

/** Lines for other programs, from the oldest on. */
export async function exportLines(sql: Sql, query: AuditQuery & { format: AuditFormat }, source: LineSource): Promise<AuditExport> {
  const { before: _, format, ...asked } = query
  const { lines, next } = await findLines(sql, { ...asked, after: query.after ?? Number.MIN_SAFE_INTEGER, limit: query.limit ?? limitMax })
  return { lines: lines.map((line) => JSON.stringify(format === 'ocsf' ? ocsfOf(line, source) : line)), next }
}
