/**
 * The record: what was done or refused, for whom and why, in the transaction of the effect itself. Append-only; it never
 * judges, and it never holds message text or secrets.
 */
import type { Clock, Migration, NewId, PrincipalId, Store } from '@moltbot/contract'
import type { Audit, AuditEntry } from './types.ts'

export type { Audit, AuditEntry } from './types.ts'

export const auditMigration: Migration = {
  name: '0001-audit',
  sql: `CREATE TABLE audit (id TEXT PRIMARY KEY, at INTEGER NOT NULL, act TEXT NOT NULL, principal TEXT, subject TEXT NOT NULL,
          outcome TEXT NOT NULL, reason TEXT NOT NULL, facts TEXT);
        CREATE INDEX audit_subject ON audit (subject, at)`,
}

export function createAudit(options: { store: Store; clock: Clock; newId: NewId }): Audit {
  const { store, clock, newId } = options
  return {
    async append(tx, entry) {
      await tx.run(
        'INSERT INTO audit (id, at, act, principal, subject, outcome, reason, facts) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        newId('au'), clock.now(), entry.act, entry.principal, entry.subject, entry.outcome, entry.reason,
        entry.facts === undefined ? null : JSON.stringify(entry.facts),
      )
    },
    async about(subject) {
      const rows = await store.read.all('SELECT * FROM audit WHERE subject = ? ORDER BY at DESC, id DESC LIMIT 1000', subject)
      return rows.reverse().map((row) => ({
        at: Number(row['at']),
        act: String(row['act']),
        principal: row['principal'] as PrincipalId | null,
        subject: String(row['subject']),
        outcome: row['outcome'] as AuditEntry['outcome'],
        reason: String(row['reason']),
        ...(row['facts'] === null ? {} : { facts: JSON.parse(String(row['facts'])) as Record<string, unknown> }),
      }))
    },
  }
}
