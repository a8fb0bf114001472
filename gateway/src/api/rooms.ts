import type { AgentId, Channel, ChannelId, ChatRef, Check, Clock, Facts, Door, Logger, MemoryHit, ModelInfo, NewId, Store, Principal, PrincipalId, Review, SenderId, VaultDesk, SandboxFacts, SandboxProbe, FileReader, FileWriter } from '@moltbot/contract'
import type { Audit, AuditDoor } from '../foundation/audit/types.ts'
import type { BudgetDoor } from '../foundation/budget/types.ts'
import type { HaltDoor } from '../foundation/halt/types.ts'
import type { EgressDoor } from '../foundation/egress/types.ts'
import type { ConfigDoor } from '../foundation/config/types.ts'
import type { Connections } from '../foundation/connections/types.ts'
import type { CredentialsDoor } from '../foundation/models/types.ts'
import type { JobsDoor } from '../foundation/jobs/types.ts'
import type { FilesTaken } from '../foundation/media/types.ts'
import type { NodesDoor } from '../foundation/nodes/types.ts'
import type { PushDoor } from '../foundation/push/types.ts'
import type { HouseDoor } from '../foundation/schedule/types.ts'
import type { ApprovalsDoor, PairingDoor, PeopleDoor, Guard, PolicyDoor } from '../journey/guard/types.ts'
import type { Inbox } from '../journey/inbox/types.ts'
import type { OutboxDoor } from '../journey/outbox/types.ts'
import type { SessionsDoor } from '../journey/sessions/types.ts'
import type { Runs } from './wire/runs.ts'
import type { SignIns } from './browser-sessions.ts'
import type { Devices } from './devices.ts'
import type { Presence } from './presence.ts'
import type { CertificateFacts } from './tls/server-certificate.ts'

/** What `main.ts` hands to the door: the rooms it may ask, as values; the door imports only their types. */
export interface Rooms {
  version: string
  startedAt: number
  stateDir: string
  clock: Clock
  newId: NewId
  log: Logger
  store: Store
  config: ConfigDoor
  audit: Audit
  /** What the record tells and proves. Absent: this gateway was built without its keeper. */
  record?: AuditDoor
  guard: Pick<Guard, 'judge' | 'principal'> & PairingDoor & PeopleDoor & ApprovalsDoor
  /** What the judge would say. Absent: this gateway was built without it. */
  policy?: PolicyDoor
  inbox: Pick<Inbox, 'get' | 'find' | 'open' | 'counts'>
  sessions: SessionsDoor
  outbox: OutboxDoor
  connections: Connections
  channels: readonly Channel[]
  /** The ways in of our own, by which clients they serve. Absent while that channel is switched off. */
  doors(serves: Door['serves']): Door | undefined
  models: ModelsDoor
  agents: AgentsDoor
  /** An agent's own folder, confined to it, for a person's own hand. Throws `Problem('agent-unknown')`. Absent: this gateway shows no files. */
  filesOf?(agent: string): Pick<FileReader & FileWriter, 'read' | 'list' | 'write'> & { promptFiles: readonly string[] }
  logs: LogsDoor
  /** Paired devices and their tokens; made by `createDevices`. */
  devices: Devices
  /** Signed-in browsers; made by `createBrowserSessions`. */
  signIns: SignIns
  /** Who is here; made by `createPresence`. */
  presence: Presence
  /** The whole path of a message, delivery or turn as lines for a person, and as data. Undefined: no such id. */
  why(id: string): Promise<{ lines: string[]; data: Record<string, unknown> } | undefined>
  /** The in-chat commands, for completion and menus. */
  commands(): { name: string; aliases: string[]; description: string; args: string; ownerOnly: boolean }[]
  /** What clients started and are told about under names of their own; made by `createRuns()` in `wire/runs.ts`. */
  runs: Runs
  /** The vault in the name of somebody, every act in the record. Absent: this gateway was built without one. */
  vault?(by: PrincipalId): VaultDesk
  /** Which files may come with what a person says here. Absent: pictures alone. */
  files?: FilesTaken
  /** What is connected of people's own and can do something for them. Absent: nothing is asked of anything. */
  nodes?: NodesDoor
  /** Notifications to browsers. Absent: this gateway sends none. */
  push?: PushDoor
  /** What left this machine through tools. Absent: this gateway was built without the web. */
  egress?: EgressDoor
  /** A file of the web, by the same rules as everything agents fetch, of at most 50 MB. Rejects with a `Problem`. Absent: nothing is fetched. */
  fetchFile?(url: string, principal: Principal): Promise<{ fileName: string; bytes: Uint8Array }>
  /** What was spent on models, and what may be. Absent: this gateway was built without its accounts. */
  budget?: BudgetDoor
  /** How commands are isolated, in words, and the proof. Absent: this gateway runs none. */
  /** `agent` absent: as for an agent without settings of its own. */
  sandbox?: { explain(agent?: AgentId): Promise<SandboxFacts>; probe(agent?: AgentId): Promise<SandboxProbe[]> }
  /** Which tools there are for whom. Absent: this gateway was built without tools. */
  tools?: ToolsDoor
  /** What people told their assistant, each person's own. Absent: this gateway remembers nothing. */
  memory?: MemoryDoor
  /** Who speaks. Absent: this gateway never speaks. */
  speech?: SpeechDoor
  /** What `security.audit` looks with, beside these rooms. Absent: this gateway was built without the review. */
  review?: ReviewParts
  /** What the review that runs by itself found last; made by `createReviewKeeper`. Absent: nobody reviews unasked. */
  reviews?: ReviewDoor
  /** What the gateway does by itself, when and with what result. Absent: this gateway was built without its schedule. */
  schedule?: HouseDoor
  /** What people have done at set times. Absent: this gateway was built without. */
  jobs?: OwnJobsDoor
  /** Whether everything is paused or stopped, and the way there and back. Absent: this gateway was built without. */
  halt?: HaltDoor
  /** Does work whose entries in the record bear this where they say nothing of their own. Absent: they bear nothing. */
  bearing?<T>(whence: { place?: string; correlation?: string }, work: () => Promise<T>): Promise<T>
  /** A new authority for the certificate of the door, from then on (epoch ms). Rejects with `door-no-rotation`. Absent: this gateway was built without a door. */
  rotateAuthority?(from: number): Promise<CertificateFacts>
  /** Asks the process to stop (`restart`: with the wish to be started again). Returns at once. */
  shutdown(reason: string, restart: boolean): void
}

/** Jobs as methods ask for them, with where their results may go. */
export interface OwnJobsDoor extends JobsDoor {
  /** Throws `Problem('agent-unknown')`. Absent: the default one. */
  agent(id: string | undefined): AgentId
  /** A place of this person's, by a channel, an account and a chat; absent or `last`: where they were last. Rejects with `Problem('recipient-unknown')`. */
  place(principal: PrincipalId, wanted: { channel?: string | undefined; account?: string | undefined; to?: string | undefined } | 'none'): Promise<{ chat: ChatRef | null; sender: SenderId }>
}

export interface SpeechDoor {
  /** When answers are heard, as the configuration says. */
  auto(): string
  voices(): Promise<{ id: string; detail: string; why: string | null }[]>
  /**
   * A text as a sound on the disk of this machine, at the person's expense; best in the form a network shows as recorded speech. `chars`: how many were
   * spoken. `isVoice`: that network shows it so. Rejects with a `Problem`.
   */
  convert(text: string, how: { principal: Principal; channel?: ChannelId }, signal: AbortSignal): Promise<{ path: string; by: string; format: string; isVoice: boolean; chars: number }>
}

export interface ModelsDoor {
  /** Every model of every usable provider, sorted by provider then id. */
  list(): Promise<(ModelInfo & { provider: string; available: boolean; credential: 'set' | 'missing' | 'not-needed' })[]>
  /** The default for new turns (`provider/model`) and its fallbacks; how it was chosen in words. */
  current(): { primary: string; fallbacks: string[]; why: string }
  /** Resolves an alias, a bare id or `provider/model`. Undefined: unknown. */
  resolve(name: string): string | undefined
  /** People's keys and sign-ins with providers. Absent: this gateway keeps none. */
  credentials?: CredentialsDoor
}

/** What the review needs that no room has. */
export interface ReviewParts {
  checks: readonly Check[]
  machine: Pick<Facts, 'node' | 'platform' | 'user' | 'home'>
  /** Where the vault's key lies. */
  vaultKeyFile: string
  logLink?: string
  /** How many secrets are sealed, or why they cannot be read. */
  vault(): Facts['vault']
  /** The port in use; undefined before it is open. */
  port(): number | undefined
}

/** How many findings of each severity the last review made. */
export interface ReviewSummary { takenAt: number; critical: number; warn: number; info: number }

export interface ReviewDoor {
  /** Undefined: none was made yet. */
  summary(): ReviewSummary | undefined
  /** The last whole review, with everything it found. */
  last(): Promise<Review | undefined>
  /** Keeps a review somebody asked for as the last one, and tells what is new in it. */
  take(review: Review): Promise<void>
  /** Calls back after a review that found something else than the one before. Returns how to stop. */
  onChange(listener: () => void): () => void
}

export interface ToolsDoor {
  /** Throws `Problem('agent-unknown')`. */
  catalog(agent?: string): ToolCatalog
  /** `as`: somebody's id, or a role; `agent` absent: the default one; `where` absent: in a conversation of their own. Throws `Problem('agent-unknown')`, `person-unknown`. */
  list(request: { agent?: string; as: string; where?: { session?: string; chat?: ChatRef; senders?: readonly string[] } }): Promise<{ agentId: string; as: string; tools: { name: string; description: string; removedBy: string | null }[]; unknown: { list: string; name: string }[] }>
}

/** The tools there are, in their groups (`group:…`), each with the profiles that have it. */
export interface ToolCatalog { agentId: string; profile: string; profiles: string[]; groups: { id: string; tools: { name: string; description: string; profiles: string[] }[] }[] }

export interface MemoryDoor {
  search(request: { principal: PrincipalId; agent?: string; query: string; max?: number }): Promise<MemoryHit[]>
  status(request: { principal: PrincipalId; agent?: string }): Promise<{ files: { path: string; bytes: number }[]; lines: number }>
}

export interface AgentsDoor {
  list(): { id: string; name: string; emoji: string | null; workspace: string; isDefault: boolean }[]
}

export interface LogsDoor {
  file: string
  /** Lines from a byte cursor; absent cursor: the last `limit` lines. Already redacted. */
  tail(cursor: number | undefined, limit: number, maxBytes: number): Promise<{ cursor: number; size: number; lines: string[]; truncated: boolean; reset: boolean }>
}
