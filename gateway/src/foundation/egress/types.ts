import type { AgentId, PrincipalId, SessionKey } from '@moltbot/contract'

/** What reaches out: the web tools, a command in the sandbox, the browser. Each has host rules of its own. */
export type EgressUse = 'web' | 'commands' | 'browser'

/** On whose behalf something leaves. */
export interface EgressIdentity {
  /** `media`: what comes with the messages of a channel is fetched, before anyone judged them. Its rules are `hosts`, and no list of the configuration adds to them. */
  use: EgressUse | 'media'
  /** For `media` only: where the channel's media are, as patterns. */
  hosts?: readonly string[]
  agent: AgentId
  principal: PrincipalId
  /** Credentials of the configuration are the owner's: others get them only where the rule says so. */
  owner: boolean
  session: SessionKey
}

/** What left, and what came back, for one host on one day. */
export interface EgressRow {
  host: string
  agent: string
  principal: string
  use: string
  /** Connections made and connections refused. */
  connections: number
  refused: number
  bytesOut: number
  bytesIn: number
}

/** One day, in the gateway's time zone. */
export interface EgressDay {
  /** `2026-11-22`. */
  date: string
  connections: number
  refused: number
  bytesOut: number
  bytesIn: number
  /** Most bytes out first; at most 500. */
  rows: EgressRow[]
}

/** What would become of a request. */
export interface EgressTrial {
  allowed: boolean
  host: string
  port: number
  /** All addresses the name leads to, each with its kind; empty when it was refused before it was resolved. */
  addresses: { address: string; kind: string }[]
  /** The rule that allows it. */
  rule: string | null
  /** Why it would be refused, as a code and as a sentence. */
  code: string | null
  reason: string | null
}

/** A refusal, for the record. */
export interface EgressRefusal {
  identity: EgressIdentity
  host: string
  code: string
  reason: string
}

/** What the door may ask. */
export interface EgressDoor {
  /** Judges and resolves, connects to nothing. Rejects for text that is no URL. */
  test(url: string, use: EgressUse, agent: AgentId): Promise<EgressTrial>
  /** `daysAgo` 0 is today. What is under way is counted up to this moment. */
  day(daysAgo: number): Promise<EgressDay>
}
