import type { ChatRef, IncomingMessage, InboxId, PrincipalId, Receipt, SessionKey, Tx, TurnId } from '@moltbot/contract'
import type { PastedSecret } from './hide-pasted.ts'

/** How a message ended. Every row gets exactly one; `null` means it is still on its way. */
export type EndState = 'answered' | 'silent' | 'command' | 'denied' | 'merged' | 'failed'

/** One accepted message, as stored. */
export interface InboxRow {
  id: InboxId
  principal: PrincipalId | null
  chat: ChatRef
  message: IncomingMessage
  receivedAt: number
  sessionKey: SessionKey | null
  turnId: TurnId | null
  /** How many times the gateway started over with this message after a crash. */
  attempts: number
  end: EndState | null
  /** Why it ended so: a reason, or the row it was merged into. */
  endDetail: string | null
  endedAt: number | null
}

export interface Inbox {
  /** Writes the message down, with `[secret NAME]` where a credential stood; `pasted` are those, and this is the only time they are handed out. `duplicate` and `refused` end the route. Must run in the composer's transaction. */
  accept(tx: Tx, message: IncomingMessage): Promise<Receipt & { row?: InboxRow; pasted?: PastedSecret[] }>
  /** Sets what became known: whose it is, which session and turn it belongs to. */
  assign(tx: Tx, id: InboxId, facts: { principal?: PrincipalId; sessionKey?: SessionKey; turnId?: TurnId }): Promise<void>
  /** Gives the row its end state. A row that already has one keeps it (returns false). */
  end(tx: Tx, id: InboxId, end: EndState, detail?: string): Promise<boolean>
  get(id: InboxId): Promise<InboxRow | undefined>
  /** Rows by id, the beginning of one, or the network's message id; newest first, at most 20. For `why`. Rejects with `id-too-short` below three characters. */
  find(text: string): Promise<InboxRow[]>
  /** Rows without an end state, oldest first. */
  open(): Promise<InboxRow[]>
  /** Counts for status: rows without an end state, and those of them older than 60 s. */
  counts(): Promise<{ open: number; stuck: number; total: number }>
}
