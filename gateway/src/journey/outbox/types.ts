import type { ChatRef, DeliveryId, DeliveryKey, InboxId, PlatformMessageId, PrincipalId, TurnId, Tx } from '@moltbot/contract'

/** `ambiguous`: was being sent when the gateway died or lost the line; it may have arrived. */
export type DeliveryState = 'queued' | 'sending' | 'sent' | 'ambiguous' | 'failed'

export interface DeliveryRow {
  id: DeliveryId
  turnId: TurnId | null
  inboxId: InboxId | null
  part: number
  principal: PrincipalId
  chat: ChatRef
  key: DeliveryKey
  markdown: string
  replyTo: PlatformMessageId | null
  state: DeliveryState
  platformId: PlatformMessageId | null
  attempts: number
  /** Set when it was sent again after an uncertain attempt: the recipient may see it twice. */
  resent: boolean
  error: string | null
  createdAt: number
  settledAt: number | null
}

export interface OutboxDoor {
  /** Writes and sends one message outside any turn (`send`). Resolves once it is sent or has failed for good. */
  send(request: { chat: ChatRef; markdown: string; principal: PrincipalId; key?: string; replyTo?: PlatformMessageId }): Promise<DeliveryRow>
  ofTurn(turn: TurnId): Promise<DeliveryRow[]>
  /** What is sent under this key; undefined: nothing. */
  ofKey(key: DeliveryKey): Promise<DeliveryRow | undefined>
  ofInbox(id: InboxId): Promise<DeliveryRow[]>
  counts(): Promise<{ waiting: number; ambiguous: number; failed: number }>
}
export type { Tx }
