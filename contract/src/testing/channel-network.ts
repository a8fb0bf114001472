import type { Connection } from '../channel.ts'
import type { PlatformMessageId } from '../ids.ts'
import type { OutgoingFile, OutgoingSticker } from '../message.ts'
import type { TestHost } from './channel-host.ts'

/** Who writes in the suite. `robot` is another bot; networks without bots never see it. */
export type Person = 'anna' | 'ben' | 'robot'
export interface Words {
  from: Person
  text: string
  /** Default: a direct chat with us. */
  where?: 'direct' | 'group' | 'topic-a' | 'topic-b'
  /** Address us the way the network does it. */
  mention?: boolean
  /** Answer one of our messages, or one somebody else wrote before. */
  replyTo?: PlatformMessageId
  /** They pass on what a stranger wrote. Only where the network `tellsForwards`. */
  forwards?: true
}

/** A file of ours as the network took it: exactly what would be fetched again, shown as what. */
export interface SeenFile { bytes: Uint8Array; name?: string; mimeType?: string; as: OutgoingFile['kind'] }

/** A message of ours as people on the network see it. `text` is the caption where a file is; `buttons` are the labels that can be tapped now. */
export interface SeenMessage { id: PlatformMessageId; text: string; removed: boolean; replyTo?: PlatformMessageId; thread?: string; file?: SeenFile; buttons?: string[]; sticker?: true }

/** The other side of a channel: a fake of the network, with people, a view and accidents. What a network cannot do is absent, and its cases are skipped by name. */
export interface ChannelNetwork {
  /** Values of the channel's section; the section's defaults are added. */
  config: Record<string, unknown>
  secrets?: Record<string, string>
  /** What a login left sealed, where a login is no secret of the configuration. Every host of this network shares it. */
  sealed?: Map<string, string>
  /** How often faster than real time the clock runs where minutes of silence are played. Default 40. */
  speed?: number
  /** Called with every connection, before anybody speaks. */
  connected?(connection: Connection): void
  /** Somebody writes. Resolves once it is on the network, whether or not we took it. */
  say(words: Words): Promise<{ id: PlatformMessageId }>
  /** Whether the network considers that message delivered and will never bring it again. */
  acknowledged(id: PlatformMessageId): boolean
  /** Resolves once the condition holds, looked at after every event on the network. */
  until(condition: () => boolean, what: string): Promise<void>
  /** Our messages in order. */
  sent(): SeenMessage[]
  stop(): Promise<void>

  /** Which places there are besides the direct chat. */
  places?: readonly ('group' | 'topics')[]
  robots?: boolean
  /** Its messages say that they were passed on. */
  tellsForwards?: boolean
  /** Changes a person's shown name. */
  rename?(person: Person, name: string): void
  /** Brings the last message once more, as after a lost acknowledgement. */
  redeliver?(): void
  /** Somebody taps the button with this label under one of our messages. Required of a network whose connection has buttons. */
  tap?(from: Person, message: PlatformMessageId, label: string): Promise<void>
  /** Our messages that are held up in the chat with anna now. Required of a network whose connection pins. */
  pinned?(): PlatformMessageId[]
  /** A sticker that can be sent into the group: the network has it there from now on, or it is a file. Required of a network whose connection sends stickers. */
  sticker?(): Promise<Omit<OutgoingSticker, 'key'>>
  faults: {
    /** The network refuses everything we send for good: blocked, kicked. */
    block?(): void
    /** The next send is refused with the wish to wait this long. */
    throttle?(ms: number): void
    /** The next send fails inside the network, and nothing was delivered. */
    failSend?(): void
    /** The next send, of words or of a file, arrives, and the line breaks before we hear of it. */
    cutAfterAccept?(): void
    /** Nobody can be reached until `online`. */
    offline?(): Promise<void>
    online?(): Promise<void>
    /** Every open line breaks once. */
    cut?(): void
    /** The line stays open and silent. */
    deafen?(on: boolean): void
    /** Our login is no longer accepted. */
    revoke?(): void
  }
}

/** One open connection of the suite. */
export interface Line { network: ChannelNetwork; host: TestHost; connection: Connection }
