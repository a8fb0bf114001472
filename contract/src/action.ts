import type { AgentId, ChannelId, PrincipalId, SessionId, SessionKey } from './ids.ts'
import type { ChatRef } from './message.ts'
import type { Effect } from './tool.ts'

export type Role = 'owner' | 'admin' | 'member' | 'guest'

/** Who we know someone to be. */
export interface Principal {
  id: PrincipalId
  role: Role
  name?: string
}

/** Every privileged act there is. A new kind leads the compiler to `guard/rules`. */
export type Action =
  | { kind: 'speak'; chat: ChatRef }
  | { kind: 'command'; name: string; ownerOnly: boolean; chat: ChatRef }
  /** `tainted`: the turn has read what somebody outside wrote. `knows`: this address stood in what it read, or a person named its host; absent: none did. */
  /** `conversation`: what the session is since it began afresh; absent: nothing that was allowed for one conversation counts. */
  | { kind: 'use-tool'; tool: string; effects: Effect[]; session: SessionKey; agent: AgentId; conversation?: SessionId; tainted?: boolean; knows?(url: string): boolean }
  | { kind: 'call-method'; method: string; scope: Scope }
  | { kind: 'connect-channel'; channel: ChannelId }

export type Verdict =
  | { kind: 'allow'; principal: Principal }
  /** `speaker`: who may talk here, and did not address us by what is written. Absent: anything else stands against it. */
  | { kind: 'deny'; reason: string; speaker?: Principal }
  /** A stranger: `code` is set only when an invitation should go out now (first contact within the hour, room left). */
  | { kind: 'ask'; code?: string; reason: string }

/** What a client of the door may do. `none`: before or without authentication (health probes). */
export type Scope = 'none' | 'operator.read' | 'operator.write' | 'operator.admin' | 'operator.approvals' | 'operator.pairing' | 'node'
