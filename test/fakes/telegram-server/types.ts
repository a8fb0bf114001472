import type { Entity } from './html-entities.ts'

/** Plain JSON as it goes over the wire. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

export interface TelegramServerOptions {
  /** The bot's token. Default `123456:fake-token`. */
  token?: string
  /** Default: any free port. */
  port?: number
  botName?: string
  /** The bot's privacy mode: false means it sees all group messages. Default true (it sees mentions, commands and replies only). */
  privacy?: boolean
  /** Never hold a long poll longer than this, whatever the client asks for. Default 50 s. */
  longPollMaxMs?: number
  /** Pause before a webhook delivery is tried again. Default 100 ms. */
  webhookRetryMs?: number
}

export interface FakeUser { id: number; first_name: string; username?: string; is_bot: boolean }
export interface FakeGroup { id: number; title: string; kind: 'group' | 'supergroup' | 'channel'; forum: boolean }

/** A file as it was uploaded, and how it is shown. */
export interface SentFile { as: 'image' | 'voice' | 'audio' | 'video' | 'document'; name: string; mimeType: string; bytes: Uint8Array }

/** One message of ours as it stands in the chat. */
export interface SentMessage {
  chatId: number
  messageId: number
  /** What people see, without markup. */
  text: string
  entities: Entity[]
  parseMode: string | undefined
  thread: number | undefined
  replyTo: number | undefined
  silent: boolean
  preview: boolean
  at: number
  /** What people saw before each edit. */
  earlier: string[]
  deleted: boolean
  /** What was uploaded with it; `text` is its caption then. */
  file?: SentFile
  /** It is a sticker, the one with this file id. */
  sticker?: string
  /** The inline keyboard as it stands, row by row. */
  buttons: { text: string; callback_data: string }[][]
  /** Ids of updates that were outstanding when it was sent; for order checks. */
  payload: JsonObject
}

export interface Call { method: string; payload: JsonObject; at: number; outcome: 'ok' | 'error' | 'hung' | 'reset' | 'pending'; status?: number; description?: string }
export interface Injected { updateId: number; messageId: number; chatId: number }

export interface SayOptions {
  in?: FakeGroup
  thread?: number
  /** Message id in the same chat. */
  replyTo?: number
  /** Seconds, as Telegram says it. Default now. */
  date?: number
  /** Further fields of the message, as on the wire (`forward_origin`, `location`, `media_group_id` …). */
  extra?: JsonObject
}

export interface Fault {
  /** Answer with this HTTP status; `description` makes it a Bot API error, `body` any text. */
  status?: number
  description?: string
  /** Seconds. */
  retryAfter?: number
  migrateTo?: number
  body?: string
  headers?: Record<string, string>
  /** Never answer; the socket stays open. */
  hang?: boolean
  /** Close the socket before doing anything. */
  reset?: boolean
  /** Do it, then close the socket instead of answering. */
  acceptThenReset?: boolean
  /** Do it, then never answer; the socket stays open. */
  acceptThenHang?: boolean
  /** How often; default once. */
  times?: number
}

export interface TelegramServer {
  apiRoot: string
  port: number
  token: string
  bot: FakeUser
  user(id: number, facts?: { name?: string; username?: string; isBot?: boolean }): FakeUser
  group(id: number, facts?: { title?: string; kind?: FakeGroup['kind']; forum?: boolean }): FakeGroup
  /** A topic of a forum; returns its id. */
  topic(group: FakeGroup, name: string): number
  say(from: FakeUser, text: string, options?: SayOptions): Injected
  sendPhoto(from: FakeUser, bytes: Uint8Array, options?: SayOptions & { caption?: string }): Injected
  sendFile(from: FakeUser, kind: 'document' | 'voice' | 'audio' | 'video', facts: { bytes: Uint8Array; name?: string; mimeType?: string }, options?: SayOptions & { caption?: string }): Injected
  /** Somebody sends a sticker; returns its file id with it. */
  sendSticker(from: FakeUser, emoji: string, options?: SayOptions): Injected & { fileId: string }
  album(from: FakeUser, pictures: Uint8Array[], options?: SayOptions & { caption?: string }): Injected[]
  edit(injected: Injected, text: string): void
  /** Presses a button under one of the bot's messages. */
  press(from: FakeUser, sent: Pick<SentMessage, 'chatId' | 'messageId'>, data: string): { updateId: number; callbackId: string }
  react(from: FakeUser, sent: Pick<SentMessage, 'chatId' | 'messageId'>, emoji: string, removed?: boolean): number
  post(group: FakeGroup, text: string): Injected
  migrate(group: FakeGroup, to: number): Injected
  memberChange(group: FakeGroup, status: string): number
  /** Any update as it is; the id is added unless `update_id` is given. */
  inject(update: JsonObject): number
  /** Delivers the last (or the given) message again under a new update id, as a network does after a confirmation got lost. */
  redeliver(updateId?: number): number
  /** Messages of the bot, in order of sending; deleted ones too. */
  sent: SentMessage[]
  /** What the bot put on a message as its reaction. */
  reactionsOn(chatId: number, messageId: number): string[]
  /** What is pinned in a chat, the latest first. */
  pinnedIn(chatId: number): number[]
  calls: Call[]
  answeredPresses: string[]
  typing: { chatId: number; thread: number | undefined; at: number }[]
  commands: { command: string; description: string }[]
  /** Update ids the bot has not confirmed yet. */
  unconfirmed(): number[]
  isConfirmed(updateId: number): boolean
  /** `*`: whatever comes next; `send*`: the next message, of words or of a file. */
  fault(method: string, fault: Fault): void
  clearFaults(): void
  /** The bot may not write here any more. */
  block(chatId: number): void
  unblock(chatId: number): void
  /** The next `times` polls end with 409, as if another program polled. */
  conflict(times: number): void
  revokeToken(): void
  restoreToken(): void
  /** Cuts every open connection, also those being answered. */
  dropConnections(): void
  /** Long polls are taken and never answered, new updates or not, until called with false. */
  deafen(on: boolean): void
  /** Nobody listens on the port until `goOnline`. */
  goOffline(): Promise<void>
  goOnline(): Promise<void>
  /** Resolves as soon as the condition holds; looked at after every change. Rejects after `timeoutMs` (default 15 s) with what was waited for. */
  until(condition: () => boolean, what: string, timeoutMs?: number): Promise<void>
  nextSent(matches?: (message: SentMessage) => boolean, timeoutMs?: number): Promise<SentMessage>
  /** Counts since the start. */
  counts(): { updates: number; confirmed: number; sent: number; edits: number; deleted: number; calls: Record<string, number>; webhookDeliveries: number; webhookRejected: number }
  close(): Promise<void>
}
