import type { Static, TSchema } from 'typebox'
import type { AccountId, ChannelId, ChatId, DeliveryKey, PlatformMessageId } from './ids.ts'
import type { Clock, Logger } from './clock.ts'
import type { ChatRef, IncomingMessage, OutgoingFile, OutgoingMessage, OutgoingSticker, Receipt } from './message.ts'
import type { Section } from './section.ts'
import type { Secret } from './secret.ts'

/**
 * A messaging network. Required: what every network has. Optional members are abilities: what is absent, the network
 * cannot do, and nobody asks for it. A channel translates; it decides nothing about who may speak.
 */
export interface Channel<Schema extends TSchema = TSchema> {
  id: ChannelId
  /** The network's name as people write it (`Telegram`). */
  label: string
  /** The configuration section, at `channels.<id>`. Its `accounts` map, where present, holds further logins of the same shape. */
  config: Section<Schema>
  /**
   * `platform`: the network names the sender, the guard decides who that is.
   * `authenticated`: the gateway itself authenticated the sender at its door; `sender.id` is the principal's id.
   */
  senders: 'platform' | 'authenticated'
  /** The values of one account with keys of older names brought to the common ones (`allowFrom`, `groups`). Pure. Absent: there are none. */
  inCommonNames?(config: Static<Schema>): Static<Schema>
  /** Whether an account of these values is opened without the first of the section's secrets. Pure. Absent: never. */
  opensWithoutSecret?(config: Static<Schema>): boolean
  /** Where what comes with an account's messages may be fetched from. Absent: nowhere. */
  mediaFrom?(config: Static<Schema>): MediaFrom
  /**
   * Opens one account. Called once per account and connect attempt; may be called again after `close`. Rejects with a
   * `Problem` when the account can't be opened as configured (the host shows it and retries with backoff unless `ConnectProblem.permanent`).
   */
  connect(config: Static<Schema>, host: ChannelHost): Promise<Connection>
  /**
   * Logs an account in by steps a person follows on their telephone. Ends after `done`; throws a `Problem` when it failed. Nothing else of
   * this account is open meanwhile; giving the iteration up ends the attempt. Absent: a login is a secret of the configuration.
   */
  login?(config: Static<Schema>, host: ChannelHost, wish: LoginWish): AsyncIterable<LoginStep>
  /** Whether `LoginWish.phone` is followed. Absent: a code is scanned in any case. */
  loginByNumber?: boolean
  /** Ends the login at the network as far as it can be reached, and forgets it here in any case. Present exactly with `login`. */
  logout?(config: Static<Schema>, host: ChannelHost): Promise<void>
}

export interface LoginWish {
  /** The telephone number in international form: then a code to type is offered in place of one to scan. */
  phone?: string
  /** Ends the attempt. */
  signal: AbortSignal
}

/** One step of a login, as plain data: every client shows it its own way. A later step takes the place of the one before. */
export type LoginStep =
  /** Show `payload` as a QR code until `until` (epoch ms); another follows then. `how` says what to do with it. */
  | { kind: 'scan'; payload: string; until: number; how: string }
  /** Show `code`: it is to be typed on the telephone. */
  | { kind: 'type'; code: string; how: string }
  /** Something goes on by itself. */
  | { kind: 'working'; sentence: string }
  /** The account is logged in; `detail` names it. */
  | { kind: 'done'; detail: string }

/** A channel definition, checked by the compiler and returned as it is. */
export function defineChannel<Schema extends TSchema>(channel: Channel<Schema>): Channel<Schema> {
  return channel
}

/** What the gateway hands to one account of one channel. */
export interface ChannelHost {
  account: AccountId
  /**
   * Hands a message over. Resolves once it is durable (or known as a repetition, or refused); only then may the channel
   * acknowledge upstream. Rejects when the store cannot take it: do not acknowledge, the network will deliver again.
   * Call in the order of arrival within a chat and await each before the next of the same chat.
   */
  receive(message: IncomingMessage): Promise<Receipt>
  /** A secret this section refers to, by the configuration's key (`botToken`); undefined when it is not set. Audited. */
  secret(key: string): Promise<Secret | undefined>
  /** Small durable values of this account (an update offset). Strings of at most 64 KiB. `set` resolves once durable. */
  state: { get(key: string): Promise<string | undefined>; set(key: string, value: string): Promise<void> }
  /**
   * Values of this account nobody else may read (the keys of a linked device), sealed at rest. One `set` is one durable commit; undefined
   * removes. Strings of at most 1 MiB. Absent: this gateway seals nothing, and a channel that needs it says so.
   */
  sealed?: SealedValues
  /** Tell the gateway how the connection is. The last report stands; report every change and after every proof of life. */
  health(report: ChannelHealth): void
  /** Someone pressed or reacted, a chat moved: facts that are no messages. */
  notice(notice: ChannelNotice): void
  clock: Clock
  log: Logger
  /** `fetch` for this account's declared hosts. */
  fetch: typeof globalThis.fetch
  /**
   * Fetches what came with a message: one request through the gateway's own way out, to where `mediaFrom` says and nowhere else. Private addresses,
   * redirects and more than `bytesMax` are refused, and what leaves is counted. Rejects with a `Problem`; do not log it, it may name the address.
   */
  media(request: MediaRequest): Promise<Media>
  /** Films are looked into here: they are fetched like pictures. Absent: they stay references. */
  films?: boolean
  /** The in-chat commands, for a network with a native command menu. Absent: leave the network's menu as it is. */
  commands?: readonly { name: string; description: string }[]
}

export interface SealedValues {
  /** What is there, by name; what is not there is missing in the result. */
  get(names: readonly string[]): Promise<Map<string, string>>
  set(values: ReadonlyMap<string, string | undefined>): Promise<void>
  /** Forgets everything of this account. */
  clear(): Promise<void>
}

export interface MediaRequest {
  url: string
  bytesMax: number
  timeoutMs: number
  signal: AbortSignal
  headers?: Readonly<Record<string, string>>
  /** A header that says who we are. */
  secretHeader?: { name: string; value: string }
  /** Sent as JSON with a POST in place of the GET, to `MediaFrom.own` alone. */
  json?: string
}

/** `ok`: the network answered that here it is. */
export interface Media { ok: boolean; contentType: string; bytes: Uint8Array }

/** Where an account's media are. `hosts`: patterns (`cdn.example.com`, `*.example.com`), reached over public addresses alone. `own`: an origin that the operator wrote into the configuration, which may be near. */
export interface MediaFrom { hosts: readonly string[]; own?: string }

export type ChannelNotice =
  /** A group got a new id; the gateway carries its configuration and sessions over. */
  | { kind: 'chat-moved'; from: ChatId; to: ChatId }
  | { kind: 'reaction'; chat: ChatRef; message: PlatformMessageId; sender: import('./message.ts').Sender; emoji: string; removed: boolean }

/** How a connection is, told truthfully: `connected` only after a round trip with the network. */
export type ChannelHealth =
  | { kind: 'starting' }
  /** A protocol round trip succeeded at `at`; `detail` names the login (`@name_bot`), `warning` what works worse than configured. */
  | { kind: 'connected'; at: number; detail?: string; warning?: string }
  /** No proof of life; the channel is trying again by itself. `next` is what a person could do meanwhile. */
  | { kind: 'retrying'; since: number; reason: string; attempt: number; nextAt?: number }
  /** The network asked us to slow down until `until`. */
  | { kind: 'throttled'; until: number }
  /** Needs a person: `reason` in words and the one action to take. */
  | { kind: 'needs-you'; reason: string; action: string }
  | { kind: 'closed' }

/** Limits a connection promises; the outbox cuts to them. */
export interface ConnectionLimits {
  /** The most text one message takes, measured on the Markdown handed to `send` after the channel's own rendering margin. */
  textLengthMax: number
  /** Lines one message should not pass; absent: any number. */
  linesMax?: number
  /** Shortest time between two edits of one message, ms. Used only with `edit`. */
  editEveryMs?: number
  /** True when sending the same `key` twice has the effect of one: then an uncertain send is simply repeated. */
  nonce: boolean
  /** How the configuration wants a reply shown while it is being written: not at all, as it grows, or block by block. Absent: the gateway's own way. */
  streaming?: 'off' | 'partial' | 'block'
  /** `send` takes files: at most this many bytes each (of this kind, where it is given), with at most so many characters of Markdown beside it. Absent: the network takes none. */
  files?: {
    bytesMax: number; bytesMaxOf?: Partial<Record<OutgoingFile['kind'], number>>; captionMax: number
    /** In which form it shows a sound as recorded speech: Opus in Ogg. Absent: as a sound to play, best MP3. */
    speech?: 'opus'
  }
  /** `send` and `edit` take buttons: at most so many, each with a label of so many characters. Absent: the network has none. */
  buttons?: { most: number; labelMax: number }
}

/** One live account. */
export interface Connection {
  limits: ConnectionLimits
  /**
   * Sends one message and resolves with the network's id for it once the network confirmed it. May be called again with the same
   * key after an uncertain failure. Rejects with `SendProblem`, which says what is certain; any other error counts as uncertain.
   * Calls for one chat never overlap.
   */
  send(chat: ChatRef, message: OutgoingMessage, signal: AbortSignal): Promise<PlatformMessageId>
  /** Stops receiving at once, waits for what is being handed over, frees sockets. Resolves within 5 s. Calling twice is harmless. */
  close(): Promise<void>

  /** Replaces the text of one of our messages. Absent: the network has no edits. Same failures as `send`; equal text is success. */
  edit?(chat: ChatRef, id: PlatformMessageId, message: OutgoingMessage, signal: AbortSignal): Promise<void>
  /** Removes one of our messages. Gone already is success. */
  remove?(chat: ChatRef, id: PlatformMessageId, signal: AbortSignal): Promise<void>
  /** Puts one emoji on a message, ours or another's, in place of the one before; '' takes it back. Absent: the network has no reactions. Same failures as `send`. */
  react?(chat: ChatRef, id: PlatformMessageId, emoji: string, signal: AbortSignal): Promise<void>
  /** Holds one message up in its chat for everybody there, ours or another's, without a sound where the network can. Held up already is success. Absent: the network has no such thing. Same failures as `send`. */
  pin?(chat: ChatRef, id: PlatformMessageId, signal: AbortSignal): Promise<void>
  /** Takes that away. Not held up is success. Present exactly with `pin`. */
  unpin?(chat: ChatRef, id: PlatformMessageId, signal: AbortSignal): Promise<void>
  /** Asks a question with answers to choose from. Absent: the network has no polls. The same key as `send`, the same failures. */
  poll?(chat: ChatRef, poll: { key: DeliveryKey; question: string; options: string[] }, signal: AbortSignal): Promise<PlatformMessageId>
  /** Sends a sticker. Absent: the network has none. The same key as `send`, the same failures: `never`, with words that say which it takes, where this one is not to be had there. */
  sticker?(chat: ChatRef, sticker: OutgoingSticker, signal: AbortSignal): Promise<PlatformMessageId>
  /** Shows that we are working, for a few seconds. Never throws; failures are ignored. */
  typing?(chat: ChatRef): Promise<void>
  /** Looks an uncertain send up in the network's history. Undefined: certainly not there. Absent: history cannot be read. */
  findSent?(chat: ChatRef, key: DeliveryKey, since: number): Promise<PlatformMessageId | undefined>
  /** The place where a sender can be reached directly. Absent: the network does not allow it. */
  openDirect?(sender: import('./ids.ts').SenderId): Promise<ChatRef>
  /** The groups this account is in. Absent: the network has none, or does not list them. Rejects with a `Problem`. */
  groups?(signal: AbortSignal): Promise<{ chat: ChatId; title: string; members: number }[]>
  /** Checks the login with one round trip; resolves with words for a person (`@name_bot`). Rejects with a `Problem`. */
  probe?(signal: AbortSignal): Promise<string>
  /** Present on our own ways in: how the gateway's door puts words in and hears what goes out. */
  door?: Door
}

/** The seam between the gateway's server and a channel that is a way in of our own (page, terminal, HTTP). */
export interface Door {
  /** Which clients come through this door. */
  serves: 'browser' | 'terminal' | 'http'
  /** Like `host.receive`, for a message the server built from an authenticated request. */
  submit(message: Omit<IncomingMessage, 'chat'> & { chat: ChatId }): Promise<Receipt>
  /** Hears every outgoing message of this account, after it was accepted by `send`. Returns how to stop listening. */
  onSend(listener: (chat: ChatRef, message: OutgoingMessage, id: PlatformMessageId) => void): () => void
}

/** Why a send failed, and what is certain about it. */
export class SendProblem extends Error {
  /**
   * `not-sent`: certainly nothing arrived, may be tried again. `unknown`: it may have arrived.
   * `never`: the network refused it for good (blocked, chat gone, forbidden); trying again is pointless.
   */
  readonly outcome: 'not-sent' | 'unknown' | 'never'
  /** The network's own wish, when it gave one. */
  readonly retryAfterMs: number | undefined

  constructor(outcome: 'not-sent' | 'unknown' | 'never', message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'SendProblem'
    this.outcome = outcome
    this.retryAfterMs = options.retryAfterMs
  }
}

/** Thrown by `connect`. `permanent`: retrying cannot help until a person acts as `next` says. */
export class ConnectProblem extends Error {
  readonly permanent: boolean
  readonly next: string
  constructor(message: string, options: { permanent: boolean; next: string; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ConnectProblem'
    this.permanent = options.permanent
    this.next = options.next
  }
}
