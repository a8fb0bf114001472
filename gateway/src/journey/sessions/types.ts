import type {
  AgentEvent, AgentId, ChatRef, EntryBody, EntryId, InboxId, Origin, PrincipalId, SessionId, SessionKey, ThinkingLevel, TurnId, TurnOutcome, Usage,
} from '@moltbot/contract'

export type QueueMode = 'steer' | 'followup' | 'collect' | 'interrupt'

/** What a person set for one session; absent means the default applies. Survives a reset. */
export interface SessionSettings {
  /** `provider/model`; a model chosen so is strict: no silent substitution. */
  model?: string
  thinking?: ThinkingLevel
  queue?: QueueMode
  usageFooter?: 'off' | 'tokens' | 'full'
  /** The person's own name for the session. Unique among sessions. */
  label?: string
  /** Kept for clients of this family; no effect inside the gateway yet. */
  verboseLevel?: string
  reasoningLevel?: string
  sendPolicy?: 'allow' | 'deny'
  groupActivation?: 'mention' | 'always'
  /** Answers as voice notes. */
  tts?: SpeechWishes
}

/** What is absent is as configured. */
export interface SpeechWishes {
  auto?: 'off' | 'always' | 'inbound' | 'tagged'
  /** Who speaks first. */
  provider?: string
  /** The most that is spoken of one answer, in characters. */
  limit?: number
  /** False: a longer answer goes out as text alone. */
  summary?: boolean
}

export interface SessionRow {
  key: SessionKey
  id: SessionId
  agent: AgentId
  principal: PrincipalId
  kind: 'direct' | 'group' | 'channel'
  /** Where it was last spoken in; null for a session nobody spoke in yet. */
  lastChat: ChatRef | null
  /** First words of the session, for lists. */
  title: string | null
  settings: SessionSettings
  createdAt: number
  updatedAt: number
  lastUserAt: number | null
  usage: Usage
  /** Estimated tokens of the next prompt. */
  contextTokens: number
  compactions: number
}

export interface EntryRow {
  id: EntryId
  seq: number
  sessionId: SessionId
  turnId: TurnId | null
  body: EntryBody
  at: number
}

export interface RunningTurn { id: TurnId; key: SessionKey; startedAt: number; model: string | null; messages: { inbox: InboxId; platformId: string }[] }

/** What anyone may watch. Delivered in order; a listener must not throw and must return at once. */
export type FeedItem =
  | { kind: 'turn'; turn: RunningTurn; sessionId: SessionId; event: AgentEvent; at: number }
  | { kind: 'entry'; key: SessionKey; entry: EntryRow }
  /** A message reached its end state. `platformId` is the network's (for the page: the idempotency key it sent). */
  | { kind: 'message-ended'; inbox: InboxId; platformId: string; key: SessionKey | null; end: string; detail: string | null; turnId: TurnId | null }
  | { kind: 'turn-settled'; turn: RunningTurn; outcome: TurnOutcome; at: number }
  | { kind: 'session-changed'; key: SessionKey; change: 'created' | 'updated' | 'reset' | 'deleted' }

export interface TurnFeed {
  subscribe(listener: (item: FeedItem) => void): () => void
}

/** What the door may ask of sessions. All keys are canonical; `resolveKey` makes them so. */
export interface SessionsDoor {
  feed: TurnFeed
  /** `main` → `agent:main:main`, lower-cased, checked. Throws `Problem('session-key-invalid')`. */
  resolveKey(given: string): SessionKey
  list(filter?: { agent?: AgentId; search?: string; limit?: number; activeSince?: number }): Promise<SessionRow[]>
  get(key: SessionKey): Promise<SessionRow | undefined>
  /** The last `limit` entries of the current session id, oldest first. */
  history(key: SessionKey, limit: number): Promise<EntryRow[]>
  /** `null` clears a setting. Creates the session when it does not exist. Throws `Problem('label-taken')` and the like. */
  patch(key: SessionKey, changes: { [K in keyof SessionSettings]?: SessionSettings[K] | null }): Promise<SessionRow>
  /** A new session id; settings stay, the old transcript is kept. Running work is stopped first. */
  reset(key: SessionKey, principal: PrincipalId): Promise<SessionRow>
  /** Stops its work, then removes the session and its transcript. Throws `Problem('session-main')` for an agent's main session. */
  delete(key: SessionKey, principal: PrincipalId): Promise<boolean>
  /** Summarises older history now. Resolves when done. */
  compact(key: SessionKey, focus: string | undefined): Promise<{ compacted: boolean; reason?: string }>
  /** Stops the running turn (only `turn`, when given) and empties the queue. Resolves when no tool can run any more; with what was stopped. */
  abort(key: SessionKey, options: { turn?: TurnId; reason: 'stop' }): Promise<TurnId[]>
  /** Appends words as the assistant's, or with an `origin` as whose they are. Throws `Problem('session-missing')`. */
  inject(key: SessionKey, text: string, label: string | undefined, origin?: Origin): Promise<EntryRow>
  running(key?: SessionKey): RunningTurn[]
  /** How a turn ended; null: it has not, or nobody knows it. */
  turnOutcome(turn: TurnId): Promise<TurnOutcome['kind'] | null>
  /**
   * The turn a message went into, once known, and how it ended, once it did. `platformId`: as this principal's client named it, in this session where
   * `key` is given, else the newest. What others sent and what came by a network is never found.
   */
  outcomeOf(platformId: string, of: { principal: PrincipalId; key?: SessionKey }): Promise<{ inbox: InboxId; turnId: TurnId | null; end: string | null; detail: string | null; startedAt: number | null; endedAt: number | null; text: string | null; usage: Usage | null; model: string | null } | undefined>
}

/** `done`: its result was there before the stop. `stopped`: under way, so that part of it may be done. `not-begun`: it never ran. */
export interface CallAtStop { name: string; input: Record<string, unknown>; state: 'done' | 'stopped' | 'not-begun' }
