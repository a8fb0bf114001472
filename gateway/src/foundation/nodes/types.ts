import type { AgentId, NodeCommand, NodeWish, PrincipalId, SessionKey } from '@moltbot/contract'

/** A connection as it introduced itself. */
export interface NodeLink {
  /** Of the connection: only what comes over it counts as an answer. */
  connection: string
  /** As others name it: the device's id, or one made for this connection. */
  id: string
  principal: PrincipalId
  /** A page of this gateway: it asks its person each time, whatever is asked of it. A device decides by its own settings. */
  kind: 'page' | 'device'
  name: string
  platform: string
  version: string
  caps: readonly string[]
  /** What it says it can do; what this gateway does not know is left out. */
  commands: readonly string[]
  /** Sends it an event. */
  send(event: string, payload: unknown): void
  /** Aborts when the connection is gone. */
  gone: AbortSignal
}

/** One node as it is listed. */
export interface NodeRow {
  id: string
  kind: NodeLink['kind']
  name: string
  platform: string
  version: string
  caps: string[]
  /** What may be asked of it: declared by it, known here, and not forbidden. */
  commands: NodeCommand[]
  /** Epoch ms. */
  connectedAt: number
  /** Whether somebody looks at it, as it said last. */
  visible: boolean | undefined
}

/** Whose question it is. Made by the gateway, never by what asks; the node shows it to its person. */
export type AskedBy =
  /** `strange`: strangers' words may be steering the turn, so that nothing that was allowed for a while counts. */
  | { kind: 'agent'; agent: AgentId; agentName: string; session: SessionKey; why: string; strange: boolean }
  /** Another client of the same person. */
  | { kind: 'client'; name: string }

/** What a node gave, in the form of its command; everything else in its answer is dropped. */
export type Given =
  | { command: 'camera.snap'; bytes: Buffer; width: number; height: number }
  | { command: 'clipboard.read'; text: string }
  | { command: 'file.pick'; name: string; mimeType: string; bytes: Buffer }
  | { command: 'location.get'; lat: number; lon: number; accuracyMeters: number; altitudeMeters: number | undefined; at: number }
  | { command: 'clipboard.write' | 'system.notify' | 'canvas.present' }

/** For the record. */
export interface NodeAct {
  principal: PrincipalId
  node: string
  command: NodeCommand
  by: AskedBy
  outcome: 'done' | 'deny' | 'failed'
  reason: string
}

/** A page the assistant made, to be shown in a frame of its own. */
export interface ShownPage { title: string; html: string }

/** What a client says when it answers; nothing in it was checked yet. */
export interface RawAnswer { id: string; nodeId: string; ok: boolean; payload?: unknown; error?: { code?: string } | null }

export interface NodesDoor {
  /** Takes a connection in until it is gone. */
  connect(link: NodeLink): void
  /** What is connected of this person's own, the latest first. */
  list(principal: PrincipalId): NodeRow[]
  /**
   * Asks one node and resolves with what it gave. Rejects with a `Problem` as the grant `nodes` says, and with `node-command-refused` where this is
   * never asked of that node. Every end is in the record.
   */
  use(request: { principal: PrincipalId; node: string; wish: NodeWish; by: AskedBy; timeoutMs: number }, signal: AbortSignal): Promise<Given>
  /** The answer of whoever is at that connection. False: it was not asked this, or not any more; nothing happened. */
  answer(connection: string, answer: RawAnswer): boolean
  /** Whether somebody looks at it now. Of a connection that is no node: nothing. */
  seen(connection: string, visible: boolean): void
  /** A page that was shown to this person lately. Undefined: there is none of that name for them. */
  shown(id: string, principal: PrincipalId): ShownPage | undefined
}
