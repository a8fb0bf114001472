import type { AccountId, ChannelId, ChatId, DeliveryKey, PlatformMessageId, SenderId, SessionKey, ThreadId } from './ids.ts'
import type { ThinkingLevel } from './thinking.ts'

/** A place a message came from or goes to. Plain data; two equal values are the same place. */
export interface ChatRef {
  channel: ChannelId
  account: AccountId
  chat: ChatId
  /** `direct`: one person and us. `group`: several people. `channel`: a broadcast place with many readers. */
  kind: 'direct' | 'group' | 'channel'
  thread?: ThreadId
  /** The place's name as shown to people; changes freely, never used to decide anything. */
  title?: string
}

export interface Sender {
  id: SenderId
  /** Shown to people and to the model; controlled by the sender, never used to decide anything. */
  name?: string
  username?: string
  isBot?: boolean
}

/** Something that came with a message. `data` is absent while the channel has only a reference to it. */
export interface Attachment {
  kind: 'image' | 'audio' | 'voice' | 'video' | 'document' | 'sticker'
  /** As the network says; the gateway decides by content. */
  mimeType?: string
  fileName?: string
  sizeBytes?: number
  /** Base64. Present for what the channel already fetched within its size limit. */
  data?: string
  /** Opaque to the gateway: what the channel needs to fetch it later. */
  ref?: string
  /** What it says. The gateway puts it there once it has read the file; never a channel. */
  reading?: Reading
  /** So many pictures of it follow as attachments of their own. The gateway puts it there; never a channel. */
  pictures?: number
}

/** The words in a file: of a `document` whoever wrote it, in a `transcript` whoever spoke. `truncated`: there was more. */
export interface Reading { kind: 'document' | 'transcript'; text: string; truncated: boolean }

/** What the sender answered to. */
export interface Quoted {
  id: PlatformMessageId
  text?: string
  senderName?: string
  /** True when the quoted message is ours: a reply to the bot counts as a mention. */
  fromUs: boolean
}

/** One message as a channel understood it. Plain data; nothing in it has been judged yet. */
export interface IncomingMessage {
  /** The network's id; a repetition of (channel, account, chat, id) is the same message. */
  id: PlatformMessageId
  chat: ChatRef
  sender: Sender
  /** Epoch ms, as the network says. */
  sentAt: number
  text: string
  attachments: Attachment[]
  /** Whether we were addressed natively. `unknown` where the network cannot tell: then only patterns open the mention gate. */
  mentioned: 'yes' | 'no' | 'unknown'
  quoted?: Quoted
  /** Further platform ids joined into this one (long texts split by the network, albums); each is recognised as a duplicate later. */
  joinedIds?: PlatformMessageId[]
  /** The session asked for. Honoured only from channels whose senders the gateway authenticated itself. */
  session?: SessionKey
  /** Whose words it holds besides its sender's: it came from another conversation that had read them. */
  origin?: import('./model.ts').Origin
  /**
   * The gateway itself wrote it, because something it had begun for message `id` has ended: `effect` is what that was. Replies go to that message.
   * Never from a network, and never a person's words.
   */
  follows?: { id: PlatformMessageId; effect: import('./tool.ts').Effect; outcome: 'done' | 'failed' | 'unknown'; why: string }
  /** The gateway itself wrote it, because a job of its sender was due then (epoch ms). Never from a network, and nothing is there to reply to. */
  job?: { id: string; dueAt: number }
  /** Wishes for this turn only. Honoured only where `session` is. */
  wishes?: TurnWishes
}

export interface TurnWishes {
  thinking?: ThinkingLevel
  model?: string
  /** False: slash text goes to the model instead of being a command. */
  commands?: boolean
  /** Text placed after the system prompt for this turn (the OpenAI door's `system` messages). */
  instructions?: string
  timeoutMs?: number
  /** Where the answer goes besides: written together with it, so that it goes out exactly when the answer does. Fixed when the message is accepted. */
  alsoTo?: ChatRef
}

/** One intended outgoing part, already cut to the connection's limits. */
export interface OutgoingMessage {
  key: DeliveryKey
  /** CommonMark with tables and strikethrough; the channel renders it to the network's own form. */
  markdown: string
  replyTo?: PlatformMessageId
  /** Sent without a sound where the network can. */
  silent?: boolean
  /** Goes with the words, which are its caption then and may be ''. Only where `ConnectionLimits.files` is, and within it. */
  file?: OutgoingFile
  /** Answers to tap, below the words. Only where `ConnectionLimits.buttons` is, and within it; the words say the same without them. */
  buttons?: OutgoingButton[]
}

/** One file on its way out. What it is was decided by its content; what it says about where it was made is already gone. */
export interface OutgoingFile {
  /** `voice`: recorded speech, shown as such where the network can, else like `audio`. */
  kind: 'image' | 'audio' | 'voice' | 'video' | 'document'
  /** A bare name, without a path. */
  fileName: string
  mimeType: string
  sizeBytes: number
  /** Exactly `sizeBytes` bytes, the same at every call. Rejects with a `SendProblem` of the outcome `never` when they are no longer there. */
  bytes(): Promise<Uint8Array>
}

/** A sticker on its way out. Exactly one of `name` and `file`. */
export interface OutgoingSticker {
  key: DeliveryKey
  /** One the network has in that chat, as `[sticker …]` names those that come from there (an emoji, a name), or the network's id for it. */
  name?: string
  /** A picture of our own, of the type `image/webp`. */
  file?: OutgoingFile
}

/**
 * An answer to tap. The channel hands a tap over as an ordinary message of whoever tapped, with the text `says`, `mentioned: 'yes'` and the network's id of
 * the tap: it may do what these words may do when typed, and nothing else. At most 60 bytes of UTF-8: Telegram's `callback_data` carries 64, of which `say:` takes four.
 */
export interface OutgoingButton {
  label: string
  says: string
}

/** What `host.receive` answers once the row is committed. */
export type Receipt =
  | { kind: 'accepted'; id: import('./ids.ts').InboxId }
  /** Seen before: acknowledge upstream, do nothing else. `id` is the first row's. */
  | { kind: 'duplicate'; id: import('./ids.ts').InboxId }
  /** Too large or malformed: recorded in the audit, acknowledge upstream. `reason` is a sentence for the sender. */
  | { kind: 'refused'; reason: string }
