import type { Charge, Problem, TurnId, Usage } from '@moltbot/contract'

/** Where the price came from. `assumed`: the provider did not say what a call used, so it counts as what it can have used. */
export type SpendSource = 'catalog' | 'config' | 'ceiling' | 'free' | 'assumed'

/** One settled call. Money is in millionths of a US dollar. */
export interface SpendRow extends Usage {
  id: string
  at: number
  /** `2026-11-22`, in the gateway's time zone. */
  day: string
  charge: Charge
  provider: string
  model: string
  costMicros: number
  source: SpendSource
}

/** Token counts and money over several calls. `costUsd` includes what was assumed or counted at the ceiling. */
export interface Tokens extends Usage {
  calls: number
  costUsd: number
  /** Calls whose price is not known; they count at the ceiling. */
  unpriced: number
}

export type SpendKind = 'model' | 'agent' | 'person' | 'channel' | 'session'

export interface SpendGroup extends Tokens {
  /** `provider/model`, an agent's, person's or channel's id, a session's key; '' for what belongs to none. */
  name: string
}

/** What one of a kind cost on one day. */
export interface SpendDay extends Tokens {
  /** `2026-11-22`. */
  date: string
  /** As in `SpendGroup`; null: everything that is not among the dearest. */
  name: string | null
}

/** One cap and how much of it is used. */
export interface CapState {
  scope: 'gateway' | 'agent' | 'person' | 'channel' | 'turn'
  /** Whose; '' for the gateway. */
  id: string
  period: 'day' | 'month' | 'turn'
  /** Where it stands in the configuration. */
  path: string
  capUsd: number
  spentUsd: number
  /** Set aside for calls that are under way. */
  reservedUsd: number
  leftUsd: number
  /** When it starts afresh, epoch ms; null for a turn. */
  resetsAt: number | null
}

/** A call that may have been under way when a gateway died. */
export interface Unfinished {
  charge: Charge
  /** `provider/model`. */
  model: string
  baseUrl: string
  inputTokens: number
  maxOutputTokens: number
  /** Since when it can have run at most, epoch ms. */
  since: number
}

/** What anyone may ask about money. */
export interface BudgetDoor {
  /** Today in the gateway's time zone, never earlier than a day on which something was spent. */
  today(): string
  /** The daily and monthly caps that hold for this one (absent: the gateway's, and every one that is named), the most used first. */
  caps(of?: Pick<Charge, 'principal'> & Partial<Charge>): CapState[]
  /** The last `days` days, oldest first, each of them; `principal`: only theirs. */
  days(days: number, principal?: string): Promise<({ date: string } & Tokens)[]>
  /** The last `days` days by kind, dearest first, at most 500. */
  by(kind: SpendKind, days: number): Promise<SpendGroup[]>
  /** Day by day, the `most` (1 to 20) dearest of the kind by name, dearest first, and everything else together. A day without calls has no row. */
  daily(kind: SpendKind, days: number, most: number): Promise<{ names: string[]; rows: SpendDay[] }>
  ofTurn(turn: TurnId): Promise<Tokens>
  /** What a turn that runs, or ended just now, has cost so far. */
  turnUsd(turn: TurnId): number
}

/** Spent and set aside, in millionths of a dollar. */
export interface Tally { spent: number; reserved: number }

export type Admission = { kind: 'admitted'; reservation: Reservation } | { kind: 'refused'; problem: Problem }

export type Settlement =
  /** The provider counted. */
  | { kind: 'counted'; usage: Usage }
  /** It answered without counting, or broke off: what it can have used at most. Absent input: all of the request. */
  | { kind: 'assumed'; input?: Usage; output: number }
  /** It was not sent, or refused before anything was written. */
  | { kind: 'nothing' }
  /** What it cost, in millionths of a dollar, where something else than tokens is paid for. */
  | { kind: 'amount'; micros: number }

/** Money set aside for one call. Settling twice is harmless; the first counts. */
export interface Reservation {
  /** The request's own limit, or less where the money does not allow more. */
  maxOutputTokens: number
  settle(how: Settlement): void
}
