import {
  noUsage, type AgentEvent, type ChatRef, type EntryBody, type InboxId, type PlatformMessageId, type Principal, type SessionId, type SessionKey, type Steering, type ToolCallId,
  type TurnId, type TurnOutcome, type TurnView, type Tx, type Usage,
} from '@moltbot/contract'
import type { Waiting } from './lanes.ts'
import type { RunningTurn } from './types.ts'

/** One turn while it runs. Its destination was fixed when its first message was accepted and never changes. */
export interface Turn extends RunningTurn {
  sessionId: SessionId
  principal: Principal
  /** The model that was to answer; `model` is the one that does. Null until the turn is built. */
  wanted: string | null
  /** Where the reply goes. */
  chat: ChatRef
  /** Null: nobody wrote, there is nothing to reply to. */
  replyTo: PlatformMessageId | null
  batch: Waiting[]
  deadline: number
  /** Aborts when the turn is to end early; `reason` is one of the abort reasons of `TurnOutcome`. */
  signal: AbortSignal
  /** Resolves when the turn's time is up for good: whoever still waits for a step then gives up on it. */
  cut: Promise<'cut'>
  /** Builds what the model shall see. Called once, when the turn starts. */
  view(): Promise<TurnView>
  takeSteering(): Steering[]
  /** True once its end is written; nothing may be written for it any more. */
  over: boolean
  /** Undoes in memory what a last write did whose commit failed. */
  takeBack: (() => void) | undefined
  /** Steering words the loop took and has not put into the conversation yet. */
  taken: Waiting[]
  usage: Usage
  /** Tokens of the last prompt and its answer, as the provider counted them; 0 while unknown. */
  contextTokens: number
  /** All words the assistant said in this turn, in order. */
  said: string[]
  /** Entries not yet written; they go with the next commit. */
  pending: EntryBody[]
  /** Runs inside the commit that makes the turn durable for the first time. */
  begun: boolean
  onBegin: ((tx: Tx) => Promise<void>)[]
  /** Under which id a call stands in the journal: the model's own, made unique where a model repeats itself. */
  journal: Map<ToolCallId, ToolCallId>
  /** Calls in the journal that nobody asked for and nobody is told of beside the answer. */
  quiet: Set<ToolCallId>
}

/** The outcome of a turn that gave up on a step that never ended. */
export const hungOutcome = (text: string): TurnOutcome => ({
  kind: 'failed', text, fault: { class: 'timeout', message: 'The work took too long and was given up.' },
})

/** The text of an assistant message, without thinking and calls. */
export function textOf(event: Extract<AgentEvent, { type: 'assistant-end' }>): string {
  return event.message.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('')
}

export function newTurn(facts: {
  id: TurnId; key: SessionKey; sessionId: SessionId; principal: Principal; batch: Waiting[]; startedAt: number; deadline: number
  signal: AbortSignal; cut: Promise<'cut'>; view: () => Promise<TurnView>; takeSteering: () => Steering[]
}): Turn {
  const first = facts.batch[0]
  if (first === undefined) throw new Error('a turn needs a message')
  return {
    ...facts,
    chat: first.message.chat,
    replyTo: first.message.follows?.id ?? (first.message.job === undefined ? first.message.id : null),
    model: null,
    wanted: null,
    messages: facts.batch.map((waiting) => ({ inbox: waiting.inbox as InboxId, platformId: waiting.message.id })),
    over: false,
    takeBack: undefined,
    taken: [],
    usage: noUsage,
    contextTokens: 0,
    said: [],
    pending: [],
    begun: false,
    onBegin: [],
    journal: new Map(),
    quiet: new Set(),
  }
}
