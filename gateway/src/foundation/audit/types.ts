import type { PrincipalId, Tx } from '@moltbot/contract'

export interface AuditEntry {
  /** What was done or refused, `noun.verb`: `message.denied`, `pairing.approved`, `tool.allowed`. */
  act: string
  principal: PrincipalId | null
  /** What it concerned: an inbox id, a session key, a path. */
  subject: string
  outcome: 'allow' | 'ask' | 'deny' | 'done' | 'failed'
  reason: string
  facts?: Record<string, unknown>
}

export interface Audit {
  /** Commits together with the effect it records. */
  append(tx: Tx, entry: AuditEntry): Promise<void>
  /** What the record says of a subject, oldest first; the last 1,000 entries of it. */
  about(subject: string): Promise<(AuditEntry & { at: number })[]>
}
