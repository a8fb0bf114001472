import type { AssistantMessage, ModelFault, ModelMessage, Origin, ToolResultMessage, Usage, UserMessage } from './model.ts'
import type { InboxId, SessionId, SessionKey, ToolCallId, TurnId } from './ids.ts'
import type { ThinkingLevel } from './thinking.ts'

/** One line of a transcript as the agent and the page see it. */
export type EntryBody =
  /** `envelopeParts`: how many leading parts were added by the gateway (date, group context) and are not shown as the person's words. */
  | { kind: 'user'; message: UserMessage; from?: string; inbox: InboxId[]; envelopeParts?: number }
  | { kind: 'assistant'; message: AssistantMessage; usage: Usage; stop: string }
  | { kind: 'tool-result'; message: ToolResultMessage }
  /** Everything before it is replaced by this summary in the prompt; originals stay in the table. `keptFrom`: seq of the first entry still sent as it is. */
  /** `origin`: of what was summarised; a summary is trusted no more than what it stands for. */
  | { kind: 'summary'; text: string; keptFrom: number; origin?: Origin }
  /** Shown to people, never sent to the model. `about`: what it says was done, where that counts later. */
  | { kind: 'note'; text: string; about?: 'notes-kept' }
  /** A command and the gateway's answer to it, one entry each, or words whose turn never began; shown to people, never sent to the model. `from`: as of `user`. */
  | { kind: 'command'; by: 'person' | 'gateway'; text: string; inbox: InboxId; from?: string }
  /** Words put in by the operator (`chat.inject`); sent to the model as the assistant's. */
  /** `origin`: whose words they hold; then they stand in the prompt as a person's message with that label. */
  | { kind: 'injected'; text: string; label?: string; origin?: Origin }

/** What one turn may know. Plain data, made by `sessions`; the loop asks for nothing else. */
export interface TurnView {
  id: TurnId
  sessionKey: SessionKey
  sessionId: SessionId
  system: string
  /** The transcript as the model shall read it, ending with this turn's user message (and, after a crash, what this turn already did). */
  messages: ModelMessage[]
  /** Calls of this turn that were started before a crash and have no result. */
  unfinished: { callId: ToolCallId; name: string }[]
  thinking: ThinkingLevel
  /** Candidates in order, `provider/model`. Strict: only the first may be used. */
  models: string[]
  strict: boolean
  contextWindow: number
  maxOutputTokens: number
  /** What should last was written down since the last summary: not again before the next one. */
  notesKept?: boolean
  /** The most model calls in one turn; then the loop ends with `limit`. */
  stepsMax: number
}

/** What happens during a turn, in order. Exactly one `turn-end`, last. Persistence, judging, budgets and delivery happen to these events outside the loop. */
export type AgentEvent =
  | { type: 'turn-start' }
  /** A model begins to answer. Words that came since the last `assistant-end` are void: it begins anew. */
  | { type: 'model-start'; model: string }
  | { type: 'text-delta'; text: string }
  | { type: 'thinking-delta'; text: string }
  /** The model's message is complete. Emitted before its tool calls run. */
  | { type: 'assistant-end'; message: AssistantMessage; usage: Usage; stop: string; model: string }
  | { type: 'tool-start'; callId: ToolCallId; name: string; input: Record<string, unknown> }
  | { type: 'tool-end'; result: ToolResultMessage }
  /** Words that arrived during the turn were put before the next model call. */
  | { type: 'steered'; message: UserMessage; inbox: InboxId[]; from?: string; envelopeParts?: number }
  /** Soon older history will be summarised, and what should last was written down before, without a word to anybody. `error`: why it was not, or not to the end. */
  | { type: 'notes-end'; usage: Usage; error?: string }
  | { type: 'compaction-start'; reason: 'overflow' | 'threshold' | 'asked' }
  /** `summary` absent: it failed and the history stays as it was. `kept` is how many trailing messages stay as they are. */
  | { type: 'compaction-end'; summary?: string; kept?: number; usage: Usage; error?: string }
  /** Another model took over; shown once. */
  | { type: 'failover'; from: string; to: string; fault: ModelFault }
  | { type: 'turn-end'; outcome: TurnOutcome }

export type TurnOutcome = (
  | { kind: 'answered'; text: string }
  /** The model chose to say nothing (the silent token). */
  | { kind: 'silent' }
  | { kind: 'aborted'; reason: 'stop' | 'interrupt' | 'shutdown' | 'timeout'; text: string }
  | { kind: 'failed'; fault: ModelFault; text: string }
  | { kind: 'limit'; text: string }
) & {
  /** What was asked for in the turn and not done, and where the owner wants it what was done, by the gateway's own record; whoever tells the outcome tells this with it. Absent: nothing. */
  undone?: string
}

/** The exact reply with which a model says nothing. */
export const silentToken = 'NO_REPLY'

/** A model call as the loop asks for it; the host picks the candidate, attaches credentials, fails over, accounts. */
export interface ModelCall extends Omit<import('./model.ts').ModelRequest, 'model'> {
  /** `provider/model`, in order of preference; never empty. */
  candidates: readonly string[]
  /** True: only the first candidate may answer (a person chose it). */
  strict: boolean
  /** True: what was passed on cannot be taken back, so an answer that breaks off is not begun anew. Absent: it can. */
  showsForGood?: boolean
}

/**
 * A model event, or word about which candidate is answering. `failover` comes before the `start` of the next candidate, a further `model-start` where the
 * same one begins anew; nothing was shown yet or what was shown is void.
 */
export type ModelCallEvent =
  | import('./model.ts').ModelEvent
  | { type: 'model-start'; model: string }
  | { type: 'failover'; from: string; to: string; fault: ModelFault }

/** Words that arrived while the turn was running. */
export interface Steering { message: UserMessage; inbox: InboxId[]; from?: string; envelopeParts?: number }

/** Everything the loop may do, handed in by the composer. The loop itself touches nothing. */
export interface AgentHost {
  callModel(call: ModelCall): AsyncIterable<ModelCallEvent>
  /** What the model may call in this turn. The same list in the same order for a session until an announced event changes it. */
  tools: import('./model.ts').ToolSpec[]
  /**
   * Judges, journals and runs one call. Never rejects: refusals and failures are results the model reads. `quietly`: nobody is asked and nothing is
   * said; what needs a person, or does more than read and write what is this person's own, is refused.
   */
  runTool(call: import('./model.ts').ToolCallPart, signal: AbortSignal, quietly?: boolean): Promise<ToolResultMessage>
  /** Whether two calls may run side by side (neither writes). */
  parallel(call: import('./model.ts').ToolCallPart): boolean
  /** Takes the words that arrived since the last ask. Called at every model and tool boundary. */
  takeSteering(): Steering[]
  /** Estimated tokens of a text; cheap, never below a third of its UTF-8 bytes divided by four. */
  estimateTokens(text: string): number
  /** Aborts when the turn is stopped; `reason` is one of the abort reasons of `TurnOutcome`. */
  signal: AbortSignal
}

/** How a summary of earlier history stands in the prompt: the first message, before what is still sent as it is. The same bytes for the same text. */
export function summaryMessage(text: string, origin?: Origin): UserMessage {
  return { role: 'user', ...(origin === undefined ? {} : { origin }), content: [{ type: 'text', text: `[Summary of the conversation so far; the original messages are no longer shown]\n\n${text}` }] }
}
