import type { Effect, ToolCallId, TurnId } from '@moltbot/contract'

/** How a call ended, as the gateway saw it. `going`: what it began goes on. `unknown`: it may have been done. */
export type CallOutcome = 'done' | 'failed' | 'refused' | 'unknown' | 'going'

/** What is kept with a call when it is over. `effect`: what it was about, where another call had begun it. */
export interface CallEnd { outcome: CallOutcome; why?: string; effect?: Effect }

/** A call as it is kept. */
export interface ToolCallRow {
  turnId: TurnId
  callId: ToolCallId
  name: string
  input: Record<string, unknown>
  /** `refused`: the judge said no, nothing ran. */
  state: 'started' | 'finished' | 'refused'
  startedAt: number
  finishedAt: number | null
  /** The result as the model read it. */
  result: string | null
  /** What it was to do. Null: nobody could tell, or it is from before that was kept. */
  effects: Effect[] | null
  /** Null: it has not ended, or is from before that was kept. */
  outcome: CallOutcome | null
  why: string | null
}
