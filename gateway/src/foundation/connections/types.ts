import type { AccountId, ChannelHealth, ChannelId, ChatRef, Connection } from '@moltbot/contract'

export interface ConnectionStatus {
  channel: ChannelId
  label: string
  account: AccountId
  enabled: boolean
  configured: boolean
  health: ChannelHealth
  connectedAt: number | null
  lastInboundAt: number | null
  lastOutboundAt: number | null
  lastError: string | null
  reconnectAttempts: number
}

/** Who is on which line. */
export interface Connections {
  /** The live connection for a place; undefined while it is down or does not exist. */
  of(chat: Pick<ChatRef, 'channel' | 'account'>): Connection | undefined
  status(): ConnectionStatus[]
  /** One round trip per connected account that can be probed; adds words or the error. */
  probe(timeoutMs: number): Promise<{ channel: ChannelId; account: AccountId; ok: boolean; text: string; elapsedMs: number }[]>
  /** Calls back when an account becomes usable again (the outbox continues then). */
  onUp(listener: (channel: ChannelId, account: AccountId) => void): () => void
  onChange(listener: () => void): () => void
}
