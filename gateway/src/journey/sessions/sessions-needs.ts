import type {
  AgentId, ChatRef, InboxId, IncomingMessage, Principal, PrincipalId, SessionKey, ThinkingLevel, TurnId, TurnView, Tx, Usage,
} from '@moltbot/contract'
import type { Waiting } from './lanes.ts'
import type { Turn } from './turn.ts'
import type { SessionRow } from './types.ts'

/** What sessions needs from other rooms, as functions handed in by `main.ts`. */
export interface SessionsNeeds {
  assign(tx: Tx, id: InboxId, facts: { principal?: PrincipalId; sessionKey?: SessionKey; turnId?: TurnId }): Promise<void>
  endMessage(tx: Tx, id: InboxId, end: 'merged' | 'silent' | 'failed', detail: string): Promise<boolean>
  backlog(chat: ChatRef, before: number, most: number): Promise<{ message: IncomingMessage }[]>
  platformIds(turn: TurnId): Promise<{ id: InboxId; message: IncomingMessage }[]>
  /** The newest message a client of this principal sent under this name, in this session where `key` is given. */
  ofClient(platformId: string, of: { principal: PrincipalId; key?: SessionKey }): Promise<{ id: InboxId; turnId: TurnId | null; end: string | null; endDetail: string | null; receivedAt: number; endedAt: number | null } | undefined>
  /** The agent that answers in a place. */
  agentFor(chat: ChatRef): AgentId
  /** Throws `Problem('agent-unknown')` for one that is not configured (any more). */
  agent(id: AgentId): { thinking: ThinkingLevel; timeoutMs: number; concurrent: number }
  /** The agent of a key that names none. */
  defaultAgent(): AgentId
  /** The system prompt as it would be built now and what it depends on, without the day. */
  prompt(agent: AgentId, principal: Principal, kind: SessionRow['kind'], chat: ChatRef | null): Promise<{ text: string; hash: string }>
  models(agent: AgentId, chosen: string | undefined): { candidates: string[]; strict: boolean; contextWindow: number; maxOutputTokens: number }
  estimateTokens(text: string): number
  principal(id: PrincipalId): Promise<Principal | undefined>
  /** Takes the words of a deleted session out of what others keep of it. */
  forget(tx: Tx, key: SessionKey, turns: readonly TurnId[]): Promise<void>
  /** Keeps what a turn's model calls cost together with what they said. */
  spent(tx: Tx, turn: TurnId): Promise<void>
  /** Tells the sender in words that their message was not taken. */
  refuse(tx: Tx, waiting: Waiting, reason: string): Promise<void>
  /** The message with what its files say; undefined: it has none. Never rejects, and ends by itself. */
  readFiles(message: IncomingMessage, principal: Principal): Promise<IncomingMessage> | undefined
  /** Does the whole turn: runs the agent, records, replies. Must not reject. */
  answer(turn: Turn): Promise<void>
  /** Summarises older history of a session. */
  compact(view: TurnView, focus: string | undefined, signal: AbortSignal): Promise<{ summary: string; kept: number; usage: Usage } | { reason: string }>
}
