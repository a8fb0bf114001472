import type { Action, AccountId, AgentId, ChannelId, Effect, ExpectationReport, IncomingMessage, Principal, PrincipalId, SenderId, SessionId, SessionKey, TurnId, Tx, Verdict } from '@moltbot/contract'

export interface PairingRequest {
  channel: ChannelId
  account: AccountId
  sender: SenderId
  senderName: string | null
  code: string
  createdAt: number
  lastSeenAt: number
  expiresAt: number
}

export interface PairedSender { channel: ChannelId; account: AccountId; sender: SenderId; name: string | null; principal: PrincipalId; role: Principal['role']; since: number }

/** Who speaks for the operator when pairing is decided; written to the audit. */
export type Approver = { via: 'cli' | 'web' | 'chat'; principal: PrincipalId }

export interface PairingDoor {
  /** Requests that still can be approved, oldest first. */
  pending(channel?: ChannelId): Promise<PairingRequest[]>
  /**
   * Admits the sender of the request. Code in any case. The first person approved from the CLI or page while no chat identity is
   * the owner's and the configuration names none becomes the owner there; others become members. Throws `Problem('pairing-code-unknown')`,
   * `Problem('pairing-locked')` (ten wrong codes in a minute lock approval for five). Five wrong codes on a channel end the codes waiting there.
   */
  approve(channel: ChannelId, code: string, by: Approver): Promise<PairedSender>
  reject(channel: ChannelId, code: string, by: Approver): Promise<boolean>
  paired(): Promise<PairedSender[]>
  /** Shuts a sender out again; what they had waiting or running ends. False: nobody of that id was let in. */
  revoke(channel: ChannelId, account: AccountId, sender: SenderId, by: Approver): Promise<boolean>
  /** Calls back after a request came, or one was decided. Returns how to stop. */
  onPairing(listener: () => void): () => void
}

/** Somebody this gateway knows, by the networks' stable ids. */
export interface Person {
  id: PrincipalId
  name: string | null
  /** What they may now; with a profile, the profile's. */
  role: Principal['role']
  /** A name of `people.profiles`; null: none. */
  profile: string | null
  /** True when the profile is no longer in the configuration: then they are a guest without tools. */
  profileMissing?: boolean
  /** `list`: an allow list of the configuration admits them; taking them away lasts only when they leave that list too. */
  via: 'owner' | 'pairing' | 'list'
  senders: { channel: ChannelId; account: AccountId; sender: SenderId; since: number }[]
}

/** Roles and profiles. Every change is audited, and whoever may less afterwards has what they had running ended. */
export interface PeopleDoor {
  /** Everybody, the longest known first. */
  people(): Promise<Person[]>
  /** The names under `people.profiles`. */
  profileNames(): string[]
  /** Also takes a profile away. Throws `Problem('person-unknown')`, `Problem('person-owner')` for the owner. */
  setRole(id: PrincipalId, role: Principal['role'], by: Approver): Promise<Person>
  /** Null: none. Throws besides `Problem('person-profile-unknown')`. */
  setProfile(id: PrincipalId, profile: string | null, by: Approver): Promise<Person>
  /** Forgets them and shuts all their senders out. Throws as `setRole`. */
  removePerson(id: PrincipalId, by: Approver): Promise<void>
}

export type Decision = 'allow-once' | 'allow-always' | 'deny'

/** A question to a person about one exact call. */
export interface Approval {
  id: string
  /** Four characters by which people name it while it is open. */
  code: string
  session: SessionKey | null
  agent: AgentId
  turn: TurnId | null
  /** Whose turn asks, and what they were then. */
  principal: PrincipalId
  role: Principal['role']
  tool: string
  /** What it would do, in at most five lines in which nothing hides. */
  summary: string
  /** The whole call, in which nothing hides. */
  detail: string
  /** Why it needs a yes. */
  reason: string
  effects: Effect[]
  /** What "always" would allow, in words; null: it is asked each time. */
  always: string | null
  requestedAt: number
  expiresAt: number
  state: 'pending' | 'allowed' | 'denied' | 'expired' | 'cancelled'
  /** Null: nobody decided. */
  decision: Decision | null
  decidedBy: PrincipalId | null
  decidedVia: string | null
  decidedAt: number | null
  /** When the yes was spent; a yes is good for one call. */
  usedAt: number | null
}

/** One exact call: what is approved is this and nothing else. */
export interface ExactCall {
  tool: string
  input: unknown
  effects: Effect[]
  agent: AgentId
  session: SessionKey | null
  /** What the session is since it began afresh. Absent: no yes lasts for it. */
  conversation?: SessionId
  principal: Principal
}

/** A call that needs a yes. */
export interface Question extends ExactCall {
  /** Absent: made here. */
  id?: string
  turn: TurnId | null
  /** What the tool says about it, in a line. */
  summary: string
  /** Why it needs a yes. */
  reason: string
  /** No later than this, in epoch ms. */
  until?: number
}

/** A yes that lasts: for one person, one agent and exactly one target. */
export interface StandingGrant { id: string; principal: PrincipalId; agent: AgentId; kind: Effect['kind']; what: string; words: string; since: number; by: PrincipalId }

/** Who decides, and by which way. */
export interface Decider { principal: Principal; via: string }

export interface ApprovalsDoor {
  /** `open`: only what waits, oldest first; else the newest first. At most 500. */
  approvals(filter?: { open?: boolean; limit?: number }): Promise<Approval[]>
  /** By id, or by code (the newest that had it). */
  approval(idOrCode: string): Promise<Approval | undefined>
  /** Throws `Problem('approval-unknown')`, `Problem('approval-over')`, `Problem('approval-not-yours')`, `Problem('approval-once-only')`. */
  decide(idOrCode: string, decision: Decision, by: Decider): Promise<Approval>
  /** Resolves when it is decided or has run out, or `signal` aborts (the question stays open then). Throws `Problem('approval-unknown')`. */
  whenDecided(id: string, signal: AbortSignal): Promise<Approval>
  /** Asks for a yes in the name of a client. Throws `Problem('approval-pending')` when its `id` is taken, `Problem('approvals-full')`. */
  request(question: Question): Promise<Approval>
  standing(): Promise<StandingGrant[]>
  /** By id, or `all`. Resolves with how many were taken back. */
  revokeStanding(id: string, by: Decider): Promise<number>
  /** Why this text can be no entry of the allow list of commands, in words; undefined: it can. */
  whyNoEntry(text: string): string | undefined
  /** Calls back after a question was asked or closed. Returns how to stop. */
  onApproval(listener: (approval: Approval) => void): () => void
}

/** What the judge would say to one call, and why. */
export interface Explained {
  principal: Principal
  tool: string
  effects: Effect[]
  verdict: 'allow' | 'ask' | 'deny'
  reason: string
  /** What each layer says, in the order they are asked; the last decides. */
  layers: { layer: string; says: 'allow' | 'ask' | 'deny'; why: string }[]
  /** What a person would be asked; null: nothing. */
  question: string | null
}

export interface PolicyDoor {
  /** Every row that the owner wrote, held against what is in force. Absent: this gateway was built without rows. */
  test?(): Promise<ExpectationReport>
  /**
   * `as`: a principal, `channel:id` of one of their senders, or a role. `in`: the key of a conversation, a channel, or `channel:chat`; absent: one of
   * their own. Throws `Problem('person-unknown')`, `Problem('tool-unknown')`, `Problem('agent-unknown')`.
   */
  explain(call: { as: string; tool: string; input: unknown; agent: AgentId; in?: string; tainted: boolean }): Promise<Explained>
  /** Everybody known and one of each role, with what they may on their own word, and after strangers' words were read. Throws `Problem('effect-unknown')`. */
  whoCan(kind: string): Promise<{ id: PrincipalId; name: string | null; role: Principal['role']; own: { verdict: string; reason: string }; tainted: { verdict: string; reason: string } }[]>
}

export interface Guard extends PairingDoor, PeopleDoor, ApprovalsDoor {
  /** Whose message this is and whether it may speak here; decides from configuration, pairing and allow lists. Audited in `tx`. */
  judgeMessage(tx: Tx, message: IncomingMessage): Promise<Verdict>
  /** The only way to any other effect. Audited before it returns. A missing rule is a deny. */
  judge(principal: Principal, action: Action): Promise<Verdict>
  principal(id: PrincipalId): Promise<Principal | undefined>
}
