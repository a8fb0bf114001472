import type { AckReaction, AckScope, AgentEvent, ChatRef, Clock, InboxId, IncomingMessage, Logger, SessionKey, TurnId, TypingMode } from '@moltbot/contract'
import type { Connections } from '../../foundation/connections/types.ts'
import type { StatusReactions } from './config.ts'

/** What the room is handed. Everything is asked anew each time, so that a change of the configuration counts at once. */
export interface SignsOptions {
  clock: Clock
  log: Logger
  connections: Pick<Connections, 'of' | 'onUp' | 'status'>
  /** What holds for all networks. `emoji` absent: the assistant's own sign. */
  ack(): { emoji?: string; scope: AckScope; removeAfterReply: boolean }
  /** What the login of this place says about it; undefined: nothing. */
  ackOf(chat: ChatRef): AckReaction | undefined
  status(): StatusReactions
  /** What a turn in this conversation shows and how often. `mode` absent: by the place. */
  typing(): { mode?: TypingMode; everyMs?: number }
  /** The sign of the agent of a conversation; null: it has none. */
  emojiOf(key: SessionKey): string | null
  /** Whether a message in a group addresses the assistant. */
  addressed(message: IncomingMessage): boolean
  /** The messages that went into a turn, also those joined to it on the way. */
  ofTurn(turn: TurnId): Promise<SignedMessage[]>
}

/** What the room knows of a message: a row of the inbox. */
export interface SignedMessage {
  id: InboxId
  message: IncomingMessage
  sessionKey: SessionKey | null
  turnId: TurnId | null
  end: 'answered' | 'silent' | 'command' | 'denied' | 'merged' | 'failed' | null
  endDetail: string | null
}

/** The part of a turn the room needs. */
export interface SignedTurn {
  chat: ChatRef
  batch: readonly { inbox: InboxId; message: IncomingMessage }[]
}

/** One turn at work. */
export interface Working {
  show(event: AgentEvent): void
  /** Its answer goes out now: nothing shows any more that we write. Calling twice is harmless. */
  end(): void
}
