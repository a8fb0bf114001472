/** What the record answers, with and without a running gateway. Plain data: the same on the wire, in `--json` and offline. */

/** `done` and `failed` are effects, `allow`, `ask` and `deny` are judgements. */
export type AuditOutcome = 'allow' | 'ask' | 'deny' | 'done' | 'failed'

/** One entry as it is shown: texts are capped, and whatever could forge a line or steer a terminal is written as `\u{…}`. */
export interface AuditLine {
  /** The place in the chain, from 1. Below 0: written before the chain began. */
  seq: number
  id: string
  /** Epoch ms. */
  at: number
  /** `noun.verb`. */
  act: string
  /** The event class the noun belongs to. */
  class: string
  principal: string | null
  subject: string
  outcome: AuditOutcome
  reason: string
  /** Where it came in or took effect: an address, a channel. Null: at this gateway itself. */
  place: string | null
  /** What ties entries of one piece of work together: a turn, a message, a request. Null: nothing but the subject. */
  correlation: string | null
  facts?: Record<string, unknown>
}

export interface AuditQuery {
  /** Epoch ms, inclusive. */
  since?: number
  until?: number
  /** A whole act (`pairing.approved`), its noun (`pairing`), or an event class (`people`). */
  kind?: string
  principal?: string
  outcome?: AuditOutcome
  /** Only entries before this place, newest first to be found; for turning back page by page. */
  before?: number
  /** Only entries after this place, oldest first to be found. Not together with `before`. */
  after?: number
  /** 1 to 1000; 100 when absent. */
  limit?: number
}

export interface AuditPage {
  /** Oldest first. */
  lines: AuditLine[]
  /** Where the next page in the asked direction begins (`before` or `after` of the next question). Null: that was the last. */
  next: number | null
}

export type AuditFormat = 'jsonl' | 'ocsf'

export interface AuditExport {
  /** One JSON text each, oldest first. */
  lines: string[]
  next: number | null
}

/**
 * What was done to the record. `edited`, `deleted`, `inserted`, `reordered`: inside the chain. `truncated`: its end is missing.
 * `restored`: an older copy of the database was put back. `replaced`: another record stands in its place. `checkpoint`: a signed
 * checkpoint is not genuine. `before-chain`: entries from before the chain began were changed. `key`: another key was used.
 */
export type AuditFault = 'edited' | 'deleted' | 'inserted' | 'reordered' | 'truncated' | 'restored' | 'replaced' | 'checkpoint' | 'before-chain' | 'key'

export interface AuditVerification {
  ok: boolean
  fault: AuditFault | null
  /** The first place that is not as it was written. Null: whole, or no place can be named. */
  at: number | null
  /** Entries that were looked at. */
  rows: number
  /** The first and the last place of the chain as it stands; 0 when it is empty. */
  from: number
  to: number
  /** Genuine anchors outside the state directory that were compared. */
  anchors: number
  /** What was found, for a person. */
  sentence: string
  /** What to do about it. Null: nothing. */
  next: string | null
  /** What limits the answer: a missing anchor file, an anchor that is not genuine. */
  notes: string[]
}

export interface AuditVerifyOptions {
  /** Texts of anchors kept elsewhere (journal, syslog, a copy of the anchor file); lines that are no anchors are skipped. */
  anchors?: string
}

/** The record without a running gateway, by the gateway's own code; reads only. */
export interface OfflineAudit {
  log(query: AuditQuery): Promise<AuditPage>
  verify(options: AuditVerifyOptions): Promise<AuditVerification>
  export(query: AuditQuery & { format: AuditFormat }): Promise<AuditExport>
  close(): Promise<void>
}
