import type { AccountId, ChannelHealth, ChannelId, ChatId, ChatRef, Connection } from '@moltbot/contract'
import type { LoginAttempt } from './login-attempt.ts'

export type { LoginAttempt } from './login-attempt.ts'

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
  /**
   * Logs an account in by steps. The attempt that is under way is returned unless `anew`; what is open of the account is closed meanwhile,
   * and opened when it is over. Throws `Problem('login-unsupported')`, `account-unknown`.
   */
  login(channel: ChannelId, account: AccountId, wish: { phone?: string; anew?: boolean }): Promise<LoginAttempt>
  /** The last attempt since the start. Undefined: there was none. */
  loginOf(channel: ChannelId, account: AccountId): LoginAttempt | undefined
  /** Ends a login by steps and forgets its keys. Throws `Problem('login-unsupported')`. */
  logout(channel: ChannelId, account: AccountId): Promise<void>
  /** The groups an account is in. Throws `Problem('groups-unsupported')`, `account-down`. */
  groups(channel: ChannelId, account: AccountId, timeoutMs: number): Promise<{ chat: ChatId; title: string; members: number }[]>
}
