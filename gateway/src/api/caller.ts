import type { Principal, Scope } from '@moltbot/contract'

/** An authenticated connection or request, as methods see it. */
export interface Caller {
  /** Unique per connection. */
  id: string
  principal: Principal
  scopes: readonly Scope[]
  /** 3 or 4; HTTP requests count as 4. */
  protocol: 3 | 4
  client: { id: string; displayName?: string; version?: string; mode: string; platform?: string }
  device: string | null
  /** Where it comes from. Absent: nobody asked over a network. */
  address?: string
  /** The id its client gave the running request. Absent outside a request. */
  request?: string
  /** What the client said it understands (`tool-events`, `session-scoped-events`); [] when it said nothing. */
  caps: readonly string[]
  /** It answers as a node: a paired device of that role, or a signed-in page that said what its browser can do. Absent: it does not. */
  lends?: true
  /** Sends an event to this connection only; nothing for HTTP. */
  emit(event: string, payload: unknown): void
  /** A second, final response to the running request (`agent`). */
  respondAgain(payload: unknown, error?: { code: string; message: string }): void
  /** What this connection asked to hear; kept by the door. */
  subscriptions: { sessions: boolean; messages: Set<string> }
  /** When the credential behind this was last presented, in epoch ms; methods marked `fresh` ask that it was lately. */
  provedAt: number
  /** The signed-in browser behind this; null: another credential. */
  signIn: { digest: string } | null
  /** For calls that may take away what let their own caller in: this call still ends and is answered, and only then the connection goes. */
  finishFirst(): void
  /** Aborts when what let the caller in is taken away: nothing more is committed for it. */
  withdrawn: AbortSignal
  /** Aborts when the connection goes away. */
  signal: AbortSignal
}
