import type { ChatRef, DeliveryId, DeliveryKey, InboxId, OutgoingButton, OutgoingFile, PlatformMessageId, PrincipalId, TurnId, Tx } from '@moltbot/contract'

/** `ambiguous`: was being sent when the gateway died or lost the line; it may have arrived. */
export type DeliveryState = 'queued' | 'sending' | 'sent' | 'ambiguous' | 'failed'

/** A file as a delivery names it. `sha256` is of its bytes as they go out, which may be gone once the delivery is settled. */
export interface DeliveryFile extends Omit<OutgoingFile, 'bytes'> {
  sha256: string
  /** It says these words, and stands in place of them. They go out where it cannot. */
  instead?: string
}

/** A file that is kept and named by no row yet. */
export interface HeldFile { file: DeliveryFile; release(): Promise<void> }

/** An answer as a sound. `alone`: it says all of the words, which need not stand beside it. */
export interface SpokenAnswer { file: DeliveryFile; alone: boolean }

/** A file as it is handed in: what it is is found out, and where it was made taken out. `asVoice`: a sound is shown as recorded speech. */
export interface GivenFile { fileName: string; bytes: Uint8Array; asVoice?: boolean }

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
  /** Goes out with the words, which are its caption. */
  file?: DeliveryFile
  buttons?: OutgoingButton[]
  /** What could be tapped while it was asked. */
  spentButtons?: OutgoingButton[]
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
  /**
   * Writes and sends one message outside any turn (`send`). Resolves once it is sent or has failed for good, with its last part: the one with
   * the file, where there is one; `file` absent then says that the place takes no such file, and words went instead. Rejects with a `Problem` for a
   * file that cannot go out.
   */
  send(request: { chat: ChatRef; markdown: string; principal: PrincipalId; key?: string; replyTo?: PlatformMessageId; file?: GivenFile; buttons?: readonly OutgoingButton[] }): Promise<DeliveryRow>
  /** A file that stays for its place to fetch; undefined: there is none (any more). */
  openFile(id: DeliveryId): Promise<{ row: DeliveryRow; file: DeliveryFile; bytes: Uint8Array } | undefined>
  /**
   * What was sent to one of our own ways in and is no line of a transcript, oldest first: messages with files that are still there to fetch, and
   * messages outside any turn with answers to tap. `chat`: as that way names it.
   */
  besideTurns(chat: ChatRef['chat']): Promise<DeliveryRow[]>
  ofTurn(turn: TurnId): Promise<DeliveryRow[]>
  /** What is sent under this key; undefined: nothing. */
  ofKey(key: DeliveryKey): Promise<DeliveryRow | undefined>
  ofInbox(id: InboxId): Promise<DeliveryRow[]>
  counts(): Promise<{ waiting: number; ambiguous: number; failed: number }>
}
export type { Tx }
