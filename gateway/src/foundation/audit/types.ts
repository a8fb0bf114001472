import type { AuditExport, AuditFormat, AuditOutcome, AuditPage, AuditQuery, AuditVerification, AuditVerifyOptions, PrincipalId, Tx } from '@moltbot/contract'
import type { AuditAct } from './acts.ts'

export interface AuditEntry {
  /** What was done or refused, `noun.verb`: `message.denied`, `pairing.approved`, `tool.allowed`. The nouns are closed: `acts.ts`. */
  act: AuditAct
  principal: PrincipalId | null
  /** What it concerned: an inbox id, a session key, a path. */
  subject: string
  outcome: AuditOutcome
  reason: string
  /** Where it came in or took effect (an address, `channel:chat`). Absent: at this gateway itself. */
  place?: string
  /** What ties entries of one piece of work together: a turn, a message, a request. */
  correlation?: string
  facts?: Record<string, unknown>
}

export interface Audit {
  /**
   * Commits together with the effect it records. A rejection must fail the transaction: what cannot be recorded is not done.
   * Texts beyond their bounds are cut; facts beyond 4,000 characters of JSON are kept as their beginning.
   */
  append(tx: Tx, entry: AuditEntry): Promise<void>
  /** What the record says of a subject, oldest first; the last 1,000 entries of it. */
  about(subject: string): Promise<(AuditEntry & { at: number })[]>
}

/** The record as methods ask it. */
export interface AuditDoor {
  /** Whether entries can be written and stand as they were written, as far as this process knows. `reason`: a sentence. */
  health(): { ok: boolean; reason: string | null }
  log(query: AuditQuery): Promise<AuditPage>
  export(query: AuditQuery & { format: AuditFormat }): Promise<AuditExport>
  /** Reads the whole chain. `accept`: from now on what was found is taken as it is, in the name of `by`; later faults show again. */
  verify(options: AuditVerifyOptions & { accept?: { by: PrincipalId } }): Promise<AuditVerification>
}
