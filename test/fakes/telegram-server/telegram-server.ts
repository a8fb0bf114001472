import { createServer, type IncomingMessage as HttpRequest, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { findEntities, parseHtml, type Entity } from './html-entities.ts'

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

class BotApiError extends Error {
  readonly code: number
  readonly parameters: JsonObject | undefined
  constructor(code: number, description: string, parameters?: JsonObject) {
    super(description)
    this.code = code
    this.parameters = parameters
  }
}

interface Waiting { offset: number; limit: number; response: ServerResponse; call: Call; cancel: () => void }
interface Stored { update: JsonObject; kind: string; lane: string }
const optInUpdates = new Set(['chat_member', 'message_reaction', 'message_reaction_count'])

/** A Bot API server on loopback that behaves like Telegram's as far as a bot can tell, and can be made to misbehave. */
export async function startTelegramServer(options: TelegramServerOptions = {}): Promise<TelegramServer> {
  const token = options.token ?? '123456:fake-token'
  const botId = Number(token.split(':', 1)[0])
  const bot: FakeUser = { id: Number.isSafeInteger(botId) ? botId : 123456, first_name: 'Moltbot', username: options.botName ?? 'molt_test_bot', is_bot: true }
  const privacy = options.privacy ?? true
  const longPollMaxMs = options.longPollMaxMs ?? 50_000

  const users = new Map<number, FakeUser>([[bot.id, bot]])
  const groups = new Map<number, FakeGroup>()
  const moved = new Map<number, number>()
  const topics = new Map<string, string>()
  /** Everything ever written in a chat, by `chat/message`. */
  const messages = new Map<string, JsonObject>()
  const files = new Map<string, { path: string; bytes: Uint8Array }>()
  const counters = new Map<string, number>()
  const queue: Stored[] = []
  const everything = new Map<number, Stored>()
  const confirmed = new Set<number>()
  const sent: SentMessage[] = []
  const calls: Call[] = []
  const answeredPresses: string[] = []
  const openPresses = new Set<string>()
  const typing: TelegramServer['typing'] = []
  let commands: TelegramServer['commands'] = []
  const blocked = new Set<number>()
  const faults: { method: string; fault: Fault; left: number }[] = []
  const watchers = new Set<() => void>()
  const sockets = new Set<Socket>()
  let waiting: Waiting | undefined
  let conflicts = 0
  let revoked = false
  let deaf = false
  let lastUpdateId = 1_000_000
  let lastFile = 0
  let lastPress = 0
  let allowed: Set<string> | undefined
  let edits = 0
  let webhook: { url: string; secret: string | undefined; connections: number } | undefined
  let webhookDeliveries = 0
  let webhookRejected = 0
  const delivering = new Set<string>()
  const timers = new Set<NodeJS.Timeout>()
  let lastWebhookError: { at: number; message: string } | undefined
  let closed = false

  function changed(): void {
    for (const watcher of watchers) watcher()
  }

  function later(ms: number, task: () => void): () => void {
    const timer = setTimeout(() => {
      timers.delete(timer)
      task()
    }, ms)
    timers.add(timer)
    return () => {
      clearTimeout(timer)
      timers.delete(timer)
    }
  }

  // --- the chats ---

  const key = (chatId: number, messageId: number): string => `${chatId}/${messageId}`

  /** Private chats and small groups share one counter, supergroups and channels have their own: ids repeat between chats, as on Telegram. */
  function nextMessageId(chatId: number): number {
    const kind = groups.get(chatId)?.kind
    const own = kind === 'supergroup' || kind === 'channel'
    const counter = own ? String(chatId) : 'shared'
    // The first message of a supergroup is its creation: 1 is also the id of a forum's general topic.
    const id = (counters.get(counter) ?? (own ? 1 : 0)) + 1
    counters.set(counter, id)
    return id
  }

  function chatJson(chatId: number): JsonObject {
    const group = groups.get(chatId)
    if (group !== undefined) return { id: group.id, type: group.kind, title: group.title, ...(group.forum ? { is_forum: true } : {}) }
    const user = users.get(chatId)
    return { id: chatId, type: 'private', first_name: user?.first_name ?? 'Someone', ...(user?.username === undefined ? {} : { username: user.username }) }
  }

  const userJson = (user: FakeUser): JsonObject => ({ id: user.id, is_bot: user.is_bot, first_name: user.first_name, ...(user.username === undefined ? {} : { username: user.username }) })

  // --- updates ---

  function inject(update: JsonObject): number {
    const given = update.update_id
    const id = typeof given === 'number' ? given : ++lastUpdateId
    lastUpdateId = Math.max(lastUpdateId, id)
    const kind = Object.keys(update).find((name) => name !== 'update_id') ?? 'unknown'
    const inner = update[kind] as JsonObject | undefined
    const chat = ((inner?.chat ?? (inner?.message as JsonObject | undefined)?.chat) as JsonObject | undefined)?.id
    const stored: Stored = { update: { update_id: id, ...update }, kind, lane: String(chat ?? 'none') }
    everything.set(id, stored)
    const listed = allowed === undefined ? !optInUpdates.has(kind) : allowed.has(kind)
    const known = ['message', 'edited_message', 'channel_post', 'edited_channel_post', 'callback_query', 'my_chat_member', 'message_reaction', 'inline_query', 'poll', 'chat_member'].includes(kind)
    // Kinds nobody asked for are never delivered; kinds this fake does not know are (they stand for the unknown).
    if (listed || !known) queue.push(stored)
    else confirmed.add(id)
    serveWaiting()
    pumpWebhook()
    changed()
    return id
  }

  function visible(from: FakeUser, message: JsonObject, options: SayOptions): boolean {
    if (options.in === undefined || !privacy || options.in.kind === 'channel') return true
    const text = String(message.text ?? message.caption ?? '')
    const reply = message.reply_to_message as JsonObject | undefined
    const toUs = (reply?.from as JsonObject | undefined)?.id === bot.id
    return toUs || from.is_bot || text.startsWith('/') || text.toLowerCase().includes(`@${bot.username}`.toLowerCase()) || ((message.entities ?? []) as Json[]).some((entity) => (((entity as JsonObject).user ?? {}) as JsonObject).id === bot.id)
  }

  function write(from: FakeUser, fields: JsonObject, options: SayOptions): Injected {
    const chatId = options.in?.id ?? from.id
    const messageId = nextMessageId(chatId)
    const replied = options.replyTo === undefined ? undefined : messages.get(key(chatId, options.replyTo))
    const message: JsonObject = {
      message_id: messageId,
      from: userJson(from),
      chat: chatJson(chatId),
      date: options.date ?? Math.floor(Date.now() / 1_000),
      ...(options.thread === undefined ? {} : { message_thread_id: options.thread, is_topic_message: true }),
      ...(replied === undefined ? {} : { reply_to_message: replied }),
      ...fields,
      ...options.extra,
    }
    messages.set(key(chatId, messageId), message)
    const updateId = visible(from, message, options) ? inject({ message }) : 0
    return { updateId, messageId, chatId }
  }

  const withEntities = (text: string): JsonObject => {
    const entities = findEntities(text)
    return entities.length === 0 ? { text } : { text, entities: entities as unknown as Json[] }
  }

  function storeFile(bytes: Uint8Array, extension: string): JsonObject {
    const id = `file-${++lastFile}`
    files.set(id, { path: `photos/file_${lastFile}.${extension}`, bytes })
    return { file_id: id, file_unique_id: `u${lastFile}`, file_size: bytes.length }
  }

  const photoFields = (bytes: Uint8Array): JsonObject => ({
    photo: [{ ...storeFile(bytes.slice(0, 8), 'jpg'), width: 90, height: 90 }, { ...storeFile(bytes, 'jpg'), width: 800, height: 800 }],
  })
  const captionFields = (caption: string | undefined): JsonObject =>
    caption === undefined ? {} : { caption, caption_entities: findEntities(caption) as unknown as Json[] }

  // --- polling ---

  function confirmBelow(offset: number): void {
    while (queue[0] !== undefined && Number(queue[0].update.update_id) < offset) confirmed.add(Number(queue.shift()?.update.update_id))
  }

  function batch(offset: number, limit: number): JsonObject[] {
    if (offset < 0) return queue.slice(offset).map((stored) => stored.update)
    confirmBelow(offset)
    return queue.slice(0, limit).map((stored) => stored.update)
  }

  function serveWaiting(): void {
    if (waiting === undefined || deaf || queue.length === 0) return
    const { offset, limit, response, call, cancel } = waiting
    waiting = undefined
    cancel()
    answer(response, call, batch(offset, limit) as Json)
  }

  function getUpdates(payload: JsonObject, response: ServerResponse, call: Call): void {
    if (webhook !== undefined) throw new BotApiError(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")
    if (conflicts > 0) {
      conflicts -= 1
      throw new BotApiError(409, 'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running')
    }
    const offset = Number(payload.offset ?? 0)
    const limit = Math.min(100, Math.max(1, Number(payload.limit ?? 100)))
    if (Array.isArray(payload.allowed_updates)) allowed = payload.allowed_updates.length === 0 ? undefined : new Set(payload.allowed_updates.map(String))
    if (waiting !== undefined) {
      const earlier = waiting
      waiting = undefined
      earlier.cancel()
      fail(earlier.response, earlier.call, new BotApiError(409, 'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running'))
    }
    confirmBelow(offset)
    changed()
    const updates = deaf ? [] : batch(offset, limit)
    const holdMs = deaf ? Number.POSITIVE_INFINITY : Math.min(Number(payload.timeout ?? 0) * 1_000, longPollMaxMs)
    if (updates.length > 0 || holdMs === 0) return answer(response, call, updates as Json)
    const gone = (): void => {
      if (waiting === mine) waiting = undefined
      cancelTimer()
    }
    const cancelTimer = Number.isFinite(holdMs)
      ? later(holdMs, () => {
          if (waiting === mine) waiting = undefined
          response.off('close', gone)
          answer(response, call, [])
        })
      : () => {}
    const mine: Waiting = { offset, limit, response, call, cancel: () => { cancelTimer(); response.off('close', gone) } }
    waiting = mine
    response.on('close', gone)
  }

  // --- webhook ---

  /** One update of a chat at a time, several chats side by side, again and again until it is taken. */
  function pumpWebhook(): void {
    if (webhook === undefined || closed) return
    for (const stored of queue) {
      if (delivering.size >= webhook.connections) return
      if (delivering.has(stored.lane)) continue
      delivering.add(stored.lane)
      void deliver(stored, webhook.url, webhook.secret)
    }
  }

  async function deliver(stored: Stored, url: string, secret: string | undefined): Promise<void> {
    webhookDeliveries += 1
    let taken = false
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(secret === undefined ? {} : { 'x-telegram-bot-api-secret-token': secret }) },
        body: JSON.stringify(stored.update),
        signal: AbortSignal.timeout(60_000),
      })
      await response.arrayBuffer()
      taken = response.ok
      if (!taken) lastWebhookError = { at: Math.floor(Date.now() / 1_000), message: `Wrong response from the webhook: ${response.status} ${response.statusText}` }
    } catch (error) {
      lastWebhookError = { at: Math.floor(Date.now() / 1_000), message: `Connection failed: ${String(error)}` }
    }
    if (taken) {
      const index = queue.indexOf(stored)
      if (index !== -1) queue.splice(index, 1)
      confirmed.add(Number(stored.update.update_id))
    } else {
      webhookRejected += 1
    }
    changed()
    const proceed = (): void => {
      delivering.delete(stored.lane)
      pumpWebhook()
    }
    if (taken) proceed()
    else if (!closed) later(options.webhookRetryMs ?? 100, proceed)
  }

  // --- sending ---

  function chatOf(payload: JsonObject): number {
    const chatId = Number(payload.chat_id)
    const to = moved.get(chatId)
    if (to !== undefined) throw new BotApiError(400, 'Bad Request: group chat was upgraded to a supergroup chat', { migrate_to_chat_id: to })
    if (!users.has(chatId) && !groups.has(chatId)) throw new BotApiError(400, 'Bad Request: chat not found')
    if (blocked.has(chatId)) throw new BotApiError(403, groups.has(chatId) ? 'Forbidden: bot was kicked from the group chat' : 'Forbidden: bot was blocked by the user')
    return chatId
  }

  function textOf(payload: JsonObject, field: 'text' | 'caption' = 'text'): { text: string; entities: Entity[] } {
    const given = String(payload[field] ?? '')
    let parsed: { text: string; entities: Entity[] } = { text: given, entities: [] }
    if (payload.parse_mode !== undefined) {
      if (String(payload.parse_mode).toLowerCase() !== 'html') throw new BotApiError(400, 'Bad Request: unsupported parse_mode')
      const result = parseHtml(given)
      if (!result.ok) throw new BotApiError(400, result.description)
      parsed = result
    }
    if (field === 'text' && parsed.text.trim() === '') throw new BotApiError(400, 'Bad Request: message text is empty')
    if (field === 'caption' && parsed.text.length > 1_024) throw new BotApiError(400, 'Bad Request: message caption is too long')
    if (parsed.text.length > 4_096) throw new BotApiError(400, 'Bad Request: message is too long')
    return parsed
  }

  function keyboardOf(payload: JsonObject): SentMessage['buttons'] {
    const rows = (payload.reply_markup as JsonObject | undefined)?.inline_keyboard
    if (rows === undefined) return []
    if (!Array.isArray(rows) || rows.some((row) => !Array.isArray(row))) throw new BotApiError(400, "Bad Request: field \"inline_keyboard\" of the InlineKeyboardMarkup must be an Array of Arrays")
    const buttons = rows as unknown as SentMessage['buttons']
    for (const { text, callback_data: data } of buttons.flat()) {
      if (typeof text !== 'string' || text === '') throw new BotApiError(400, "Bad Request: can't parse inline keyboard button: Field \"text\" must be of type String")
      if (typeof data !== 'string' || data === '' || Buffer.byteLength(data) > 64) throw new BotApiError(400, 'Bad Request: BUTTON_DATA_INVALID')
    }
    if (buttons.flat().length > 100) throw new BotApiError(400, 'Bad Request: reply markup is too long')
    return buttons
  }

  /** The file of an upload, under the name its method wants it, no larger than the method takes, and what it is said to be. */
  function fileOf(method: string, uploaded: Uploaded | undefined): SentFile {
    const [as, field, bytesMax] = uploadMethods[method] as (typeof uploadMethods)[string]
    if (uploaded === undefined || uploaded.field !== field) throw new BotApiError(400, `Bad Request: there is no ${field} in the request`)
    const { bytes, name, mimeType } = uploaded
    if (bytes.length > bytesMax) throw bytesMax === photoBytesMax ? new BotApiError(400, 'Bad Request: file is too big') : new BotApiError(413, 'Request Entity Too Large')
    if (bytes.length === 0) throw new BotApiError(400, 'Bad Request: file must be non-empty')
    const head = Buffer.from(bytes.subarray(0, 12)).toString('latin1')
    if (method === 'sendPhoto' && !/^\x89PNG|^\xff\xd8|^RIFF/.test(head)) throw new BotApiError(400, 'Bad Request: IMAGE_PROCESS_FAILED')
    return { as, name, mimeType, bytes }
  }

  function sendMessage(payload: JsonObject, file?: SentFile): JsonObject {
    const chatId = chatOf(payload)
    const { text, entities } = textOf(payload, file === undefined ? 'text' : 'caption')
    const buttons = keyboardOf(payload)
    const thread = payload.message_thread_id === undefined ? undefined : Number(payload.message_thread_id)
    if (thread !== undefined && !topics.has(key(chatId, thread))) throw new BotApiError(400, 'Bad Request: message thread not found')
    const reply = payload.reply_parameters as JsonObject | undefined
    let replyTo = reply?.message_id === undefined ? undefined : Number(reply.message_id)
    if (replyTo !== undefined && !messages.has(key(chatId, replyTo))) {
      if (reply?.allow_sending_without_reply !== true) throw new BotApiError(400, 'Bad Request: message to be replied not found')
      replyTo = undefined
    }
    const messageId = nextMessageId(chatId)
    const replied = replyTo === undefined ? undefined : messages.get(key(chatId, replyTo))
    const message: JsonObject = {
      message_id: messageId, from: userJson(bot), chat: chatJson(chatId), date: Math.floor(Date.now() / 1_000),
      ...(file === undefined ? { text } : { ...(text === '' ? {} : { caption: text }), [file.as === 'image' ? 'photo' : file.as]: storeFile(file.bytes, 'bin') }),
      ...(entities.length > 0 ? { [file === undefined ? 'entities' : 'caption_entities']: entities as unknown as Json[] } : {}),
      ...(thread === undefined ? {} : { message_thread_id: thread, is_topic_message: true }),
      ...(replied === undefined ? {} : { reply_to_message: replied }),
    }
    messages.set(key(chatId, messageId), message)
    sent.push({
      chatId, messageId, text, entities, thread, replyTo, at: Date.now(), earlier: [], deleted: false, payload, buttons, ...(file === undefined ? {} : { file }),
      parseMode: payload.parse_mode === undefined ? undefined : String(payload.parse_mode),
      silent: payload.disable_notification === true,
      preview: (payload.link_preview_options as JsonObject | undefined)?.is_disabled !== true,
    })
    return message
  }

  function ours(payload: JsonObject, what: string): { chatId: number; record: SentMessage } {
    const chatId = chatOf(payload)
    const record = sent.find((one) => one.chatId === chatId && one.messageId === Number(payload.message_id) && !one.deleted)
    if (record === undefined) throw new BotApiError(400, messages.has(key(chatId, Number(payload.message_id))) && what === 'edit' ? "Bad Request: message can't be edited" : `Bad Request: message to ${what} not found`)
    return { chatId, record }
  }

  /** Edits words and keyboard; a keyboard that is not sent again is gone. */
  function editMessage(payload: JsonObject, field: 'text' | 'caption'): JsonObject {
    const { chatId, record } = ours(payload, 'edit')
    if (record.file !== undefined && field === 'text') throw new BotApiError(400, 'Bad Request: there is no text in the message to edit')
    const { text, entities } = textOf(payload, field)
    const buttons = keyboardOf(payload)
    if (text === record.text && JSON.stringify([entities, buttons]) === JSON.stringify([record.entities, record.buttons])) {
      throw new BotApiError(400, 'Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message')
    }
    record.earlier.push(record.text)
    record.text = text
    record.entities = entities
    record.buttons = buttons
    edits += 1
    const message: JsonObject = { ...messages.get(key(chatId, record.messageId)), text, entities: entities as unknown as Json[], edit_date: Math.floor(Date.now() / 1_000) }
    messages.set(key(chatId, record.messageId), message)
    return message
  }

  /** Everything but getUpdates, which answers by itself. */
  function perform(method: string, payload: JsonObject, uploaded?: Uploaded): Json {
    if (uploadMethods[method] !== undefined) return sendMessage(payload, fileOf(method, uploaded))
    switch (method) {
      case 'getMe':
        return { ...userJson(bot), can_join_groups: true, can_read_all_group_messages: !privacy, supports_inline_queries: false, can_connect_to_business: false, has_main_web_app: false }
      case 'sendMessage':
        return sendMessage(payload)
      case 'editMessageText':
        return editMessage(payload, 'text')
      case 'editMessageCaption':
        return editMessage(payload, 'caption')
      case 'deleteMessage': {
        const { chatId, record } = ours(payload, 'delete')
        record.deleted = true
        messages.delete(key(chatId, record.messageId))
        return true
      }
      case 'sendChatAction': {
        const chatId = chatOf(payload)
        typing.push({ chatId, thread: payload.message_thread_id === undefined ? undefined : Number(payload.message_thread_id), at: Date.now() })
        return true
      }
      case 'answerCallbackQuery': {
        const id = String(payload.callback_query_id)
        if (!openPresses.delete(id)) throw new BotApiError(400, 'Bad Request: query is too old and response timeout expired or query ID is invalid')
        answeredPresses.push(id)
        return true
      }
      case 'setMyCommands': {
        const list = (payload.commands ?? []) as unknown as TelegramServer['commands']
        if (list.length > 100) throw new BotApiError(400, 'Bad Request: BOT_COMMANDS_TOO_MUCH')
        for (const { command, description } of list) {
          if (!/^[a-z0-9_]{1,32}$/.test(command)) throw new BotApiError(400, 'Bad Request: BOT_COMMAND_INVALID')
          if (description.length === 0 || description.length > 256) throw new BotApiError(400, 'Bad Request: BOT_COMMAND_DESCRIPTION_INVALID')
        }
        commands = list
        return true
      }
      case 'getMyCommands':
        return commands as unknown as Json
      case 'deleteMyCommands':
        commands = []
        return true
      case 'setWebhook': {
        const url = String(payload.url ?? '')
        if (url === '') return perform('deleteWebhook', payload)
        // Telegram itself takes https only; loopback is allowed here, because this server never leaves it.
        if (!url.startsWith('https://') && !/^http:\/\/(127\.0\.0\.1|localhost)[:/]/.test(url)) throw new BotApiError(400, 'Bad Request: bad webhook: An HTTPS URL must be provided for webhook')
        if (payload.drop_pending_updates === true) confirmBelow(Number.MAX_SAFE_INTEGER)
        if (Array.isArray(payload.allowed_updates)) allowed = payload.allowed_updates.length === 0 ? undefined : new Set(payload.allowed_updates.map(String))
        webhook = { url, secret: payload.secret_token === undefined ? undefined : String(payload.secret_token), connections: Number(payload.max_connections ?? 40) }
        setImmediate(pumpWebhook)
        return true
      }
      case 'deleteWebhook':
        if (payload.drop_pending_updates === true) confirmBelow(Number.MAX_SAFE_INTEGER)
        webhook = undefined
        return true
      case 'getWebhookInfo':
        return {
          url: webhook?.url ?? '', has_custom_certificate: false, pending_update_count: queue.length,
          ...(lastWebhookError === undefined ? {} : { last_error_date: lastWebhookError.at, last_error_message: lastWebhookError.message }),
        }
      case 'getFile': {
        const file = files.get(String(payload.file_id))
        if (file === undefined) throw new BotApiError(400, 'Bad Request: invalid file_id')
        if (file.bytes.length > 20 * 1024 * 1024) throw new BotApiError(400, 'Bad Request: file is too big')
        return { file_id: String(payload.file_id), file_unique_id: 'u', file_size: file.bytes.length, file_path: file.path }
      }
      case 'getChat':
        return chatJson(chatOf(payload))
      case 'setMessageReaction':
        chatOf(payload)
        return true
      default:
        throw new BotApiError(404, 'Not Found')
    }
  }

  // --- HTTP ---

  function answer(response: ServerResponse, call: Call, result: Json): void {
    call.outcome = 'ok'
    call.status = 200
    reply(response, 200, { ok: true, result })
  }

  function fail(response: ServerResponse, call: Call, error: BotApiError): void {
    call.outcome = 'error'
    call.status = error.code
    call.description = error.message
    reply(response, error.code, { ok: false, error_code: error.code, description: error.message, ...(error.parameters === undefined ? {} : { parameters: error.parameters }) })
  }

  function reply(response: ServerResponse, status: number, body: Json): void {
    if (!response.destroyed && !response.headersSent) response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    changed()
  }

  function takeFault(method: string): Fault | undefined {
    const index = faults.findIndex((one) => one.method === method || one.method === '*' || (one.method === 'send*' && (method === 'sendMessage' || uploadMethods[method] !== undefined)))
    const found = faults[index]
    if (found === undefined) return undefined
    found.left -= 1
    if (found.left <= 0) faults.splice(index, 1)
    return found.fault
  }

  async function handle(request: HttpRequest, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://fake')
    const file = /^\/file\/bot([^/]+)\/(.+)$/.exec(url.pathname)
    if (file !== null) {
      const stored = [...files.values()].find((one) => one.path === decodeURIComponent(file[2] ?? ''))
      const fault = takeFault('file')
      if (fault?.hang === true) return
      if (file[1] !== token || stored === undefined || fault !== undefined) return void response.writeHead(fault?.status ?? 404).end()
      return void response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(stored.bytes)
    }
    const match = /^\/bot([^/]+)\/([A-Za-z]+)$/.exec(url.pathname)
    const method = match?.[2] ?? ''
    const { fields: payload, file: uploaded } = await readPayload(request, url)
    const call: Call = { method, payload, at: Date.now(), outcome: 'pending' }
    if (match === null) return fail(response, call, new BotApiError(404, 'Not Found'))
    if (match[1] !== token || revoked) return fail(response, call, new BotApiError(401, 'Unauthorized'))
    calls.push(call)
    changed()

    const fault = takeFault(method)
    if (fault?.hang === true) {
      call.outcome = 'hung'
      return changed()
    }
    if (fault?.reset === true) {
      call.outcome = 'reset'
      request.socket.destroy()
      return
    }
    if (fault?.description !== undefined) {
      const parameters = { ...(fault.retryAfter === undefined ? {} : { retry_after: fault.retryAfter }), ...(fault.migrateTo === undefined ? {} : { migrate_to_chat_id: fault.migrateTo }) }
      return fail(response, call, new BotApiError(fault.status ?? 400, fault.description, Object.keys(parameters).length > 0 ? parameters : undefined))
    }
    if (fault?.status !== undefined || fault?.body !== undefined) {
      call.outcome = 'error'
      call.status = fault.status ?? 200
      response.writeHead(call.status, { 'content-type': 'text/html', ...fault.headers }).end(fault.body ?? '<html>an error</html>')
      return changed()
    }
    try {
      if (method === 'getUpdates') return getUpdates(payload, response, call)
      const result = perform(method, payload, uploaded)
      if (fault?.acceptThenHang === true) {
        call.outcome = 'hung'
        return changed()
      }
      if (fault?.acceptThenReset === true) {
        call.outcome = 'reset'
        request.socket.destroy()
        return changed()
      }
      answer(response, call, result)
    } catch (error) {
      if (error instanceof BotApiError) fail(response, call, error)
      else throw error
    }
  }

  let server: Server
  function listen(port: number): Promise<number> {
    server = createServer((request, response) => {
      handle(request, response).catch((error: unknown) => {
        if (!response.headersSent && !response.destroyed) response.writeHead(500).end(String(error))
      })
    })
    server.keepAliveTimeout = 60_000
    server.on('connection', (socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
      socket.on('error', () => {
        // A client that was killed resets its sockets; that is what this server is for.
      })
    })
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
    })
  }

  function stopListening(): Promise<void> {
    const done = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const socket of sockets) socket.destroy()
    return done
  }

  const port = await listen(options.port ?? 0)

  function until(condition: () => boolean, what: string, timeoutMs = 15_000): Promise<void> {
    if (condition()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (!condition()) return
        watchers.delete(look)
        cancel()
        resolve()
      }
      const cancel = later(timeoutMs, () => {
        // A starved machine runs the timer before what already arrived: look once more after that.
        setImmediate(() => {
          look()
          if (watchers.delete(look)) reject(new Error(`waited ${timeoutMs} ms in vain for ${what}`))
        })
      })
      watchers.add(look)
    })
  }

  return {
    apiRoot: `http://127.0.0.1:${port}`,
    port,
    token,
    bot,
    sent,
    calls,
    answeredPresses,
    typing,
    get commands() {
      return commands
    },
    user(id, facts = {}) {
      const known = users.get(id)
      const user: FakeUser = { id, first_name: facts.name ?? known?.first_name ?? `User ${id}`, is_bot: facts.isBot ?? known?.is_bot ?? false }
      const username = facts.username ?? known?.username
      if (username !== undefined) user.username = username
      users.set(id, user)
      return user
    },
    group(id, facts = {}) {
      const group: FakeGroup = { id, title: facts.title ?? `Group ${id}`, kind: facts.kind ?? 'supergroup', forum: facts.forum ?? false }
      groups.set(id, group)
      return group
    },
    topic(group, name) {
      const id = nextMessageId(group.id)
      topics.set(key(group.id, id), name)
      messages.set(key(group.id, id), { message_id: id, chat: chatJson(group.id), date: 0, forum_topic_created: { name, icon_color: 0 } })
      return id
    },
    say: (from, text, say = {}) => write(from, withEntities(text), say),
    sendPhoto: (from, bytes, say = {}) => write(from, { ...photoFields(bytes), ...captionFields(say.caption) }, say),
    sendFile(from, kind, facts, say = {}) {
      const fields = { ...storeFile(facts.bytes, 'bin'), ...(facts.name === undefined ? {} : { file_name: facts.name }), ...(facts.mimeType === undefined ? {} : { mime_type: facts.mimeType }), ...(kind === 'document' ? {} : { duration: 3 }) }
      return write(from, { [kind]: fields, ...captionFields(say.caption) }, say)
    },
    album(from, pictures, say = {}) {
      const group = `album-${lastFile + 1}`
      return pictures.map((bytes, index) => write(from, { ...photoFields(bytes), media_group_id: group, ...(index === 0 ? captionFields(say.caption) : {}) }, say))
    },
    edit({ chatId, messageId }, text) {
      const message = messages.get(key(chatId, messageId))
      if (message === undefined) throw new Error('there is no such message')
      // What was delivered before stays as it was.
      const edited: JsonObject = { ...message, ...withEntities(text), edit_date: Math.floor(Date.now() / 1_000) }
      messages.set(key(chatId, messageId), edited)
      inject({ edited_message: edited })
    },
    press(from, { chatId, messageId }, data) {
      const id = `press${++lastPress}`
      openPresses.add(id)
      const message = messages.get(key(chatId, messageId)) ?? { message_id: messageId, chat: chatJson(chatId), date: 0 }
      return { callbackId: id, updateId: inject({ callback_query: { id, from: userJson(from), message, chat_instance: String(chatId), data } }) }
    },
    react(from, { chatId, messageId }, emoji, removed = false) {
      const reaction = [{ type: 'emoji', emoji }]
      return inject({ message_reaction: { chat: chatJson(chatId), message_id: messageId, user: userJson(from), date: Math.floor(Date.now() / 1_000), old_reaction: removed ? reaction : [], new_reaction: removed ? [] : reaction } })
    },
    post(group, text) {
      const messageId = nextMessageId(group.id)
      const message: JsonObject = { message_id: messageId, sender_chat: chatJson(group.id), chat: chatJson(group.id), date: Math.floor(Date.now() / 1_000), ...withEntities(text) }
      messages.set(key(group.id, messageId), message)
      return { messageId, chatId: group.id, updateId: inject({ channel_post: message }) }
    },
    migrate(group, to) {
      const messageId = nextMessageId(group.id)
      const message: JsonObject = { message_id: messageId, from: userJson(bot), chat: chatJson(group.id), date: Math.floor(Date.now() / 1_000), migrate_to_chat_id: to }
      const injected = { messageId, chatId: group.id, updateId: inject({ message }) }
      moved.set(group.id, to)
      groups.set(to, { ...group, id: to, kind: 'supergroup' })
      return injected
    },
    memberChange: (group, status) =>
      inject({ my_chat_member: { chat: chatJson(group.id), from: userJson(bot), date: Math.floor(Date.now() / 1_000), old_chat_member: { status: 'member', user: userJson(bot) }, new_chat_member: { status, user: userJson(bot) } } }),
    inject,
    redeliver(updateId) {
      const last = updateId ?? [...everything.values()].filter((stored) => stored.kind === 'message').map((stored) => Number(stored.update.update_id)).at(-1)
      const stored = last === undefined ? undefined : everything.get(last)
      if (stored === undefined) throw new Error('there is nothing to deliver again')
      const { update_id: _, ...update } = stored.update
      return inject(update)
    },
    unconfirmed: () => queue.map((stored) => Number(stored.update.update_id)),
    isConfirmed: (updateId) => confirmed.has(updateId),
    fault: (method, fault) => void faults.push({ method, fault, left: fault.times ?? 1 }),
    clearFaults: () => void faults.splice(0),
    block: (chatId) => void blocked.add(chatId),
    unblock: (chatId) => void blocked.delete(chatId),
    conflict(times) {
      conflicts = times
      if (waiting === undefined || times === 0) return
      const { response, call, cancel } = waiting
      waiting = undefined
      cancel()
      conflicts -= 1
      fail(response, call, new BotApiError(409, 'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running'))
    },
    revokeToken() {
      revoked = true
      if (waiting === undefined) return
      const { response, call, cancel } = waiting
      waiting = undefined
      cancel()
      fail(response, call, new BotApiError(401, 'Unauthorized'))
    },
    restoreToken: () => void (revoked = false),
    dropConnections() {
      for (const socket of sockets) socket.destroy()
    },
    deafen(on) {
      deaf = on
      if (on && waiting !== undefined) {
        const { response, call, cancel } = waiting
        cancel()
        // Keep it open and silent.
        waiting = { offset: waiting.offset, limit: waiting.limit, response, call, cancel: () => {} }
        const mine = waiting
        response.on('close', () => {
          if (waiting === mine) waiting = undefined
        })
      }
      if (!on) serveWaiting()
    },
    goOffline: stopListening,
    async goOnline() {
      await listen(port)
    },
    until,
    async nextSent(matches = () => true, timeoutMs) {
      const from = sent.length
      const found = (): SentMessage | undefined => sent.slice(from).find(matches)
      await until(() => found() !== undefined, 'a message of the bot', timeoutMs)
      return found() as SentMessage
    },
    counts() {
      const byMethod: Record<string, number> = {}
      for (const { method } of calls) byMethod[method] = (byMethod[method] ?? 0) + 1
      return { updates: everything.size, confirmed: confirmed.size, sent: sent.length, edits, deleted: sent.filter((one) => one.deleted).length, calls: byMethod, webhookDeliveries, webhookRejected }
    },
    async close() {
      closed = true
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
      await stopListening()
    },
  }
}

/** What was uploaded in a form, under which name. */
interface Uploaded { field: string; name: string; mimeType: string; bytes: Uint8Array }
const photoBytesMax = 10_000_000
const uploadBytesMax = 50_000_000
/** How a method shows a file, the field it wants it in, and the most bytes it takes. */
const uploadMethods: Readonly<Record<string, readonly [SentFile['as'], string, number]>> = {
  sendPhoto: ['image', 'photo', photoBytesMax], sendVoice: ['voice', 'voice', uploadBytesMax], sendAudio: ['audio', 'audio', uploadBytesMax],
  sendVideo: ['video', 'video', uploadBytesMax], sendAnimation: ['video', 'animation', uploadBytesMax], sendDocument: ['document', 'document', uploadBytesMax],
}

async function readPayload(request: HttpRequest, url: URL): Promise<{ fields: JsonObject; file?: Uploaded }> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  const body = Buffer.concat(chunks)
  const fromQuery = Object.fromEntries(url.searchParams)
  if (body.length === 0) return { fields: fromQuery }
  const type = request.headers['content-type'] ?? ''
  if (type.includes('json')) return { fields: { ...fromQuery, ...(JSON.parse(body.toString('utf8')) as JsonObject) } }
  const boundary = /^multipart\/form-data; boundary=([^\s;"]+)$/.exec(type)?.[1]
  if (boundary !== undefined) return readForm(body, boundary, fromQuery)
  const fields: JsonObject = { ...fromQuery }
  for (const [name, value] of new URLSearchParams(body.toString('utf8'))) fields[name] = fieldOf(value)
  return { fields }
}

/** Form fields are plain text unless they are JSON. */
function fieldOf(value: string): Json {
  try {
    return JSON.parse(value) as Json
  } catch {
    return value
  }
}

/** A form, read strictly: what does not end in its boundary, or has a header that is none, is refused. */
function readForm(body: Buffer, boundary: string, fields: JsonObject): { fields: JsonObject; file?: Uploaded } {
  const wrong = new BotApiError(400, 'Bad Request: malformed multipart/form-data')
  const form: { fields: JsonObject; file?: Uploaded } = { fields: { ...fields } }
  const mark = Buffer.from(`--${boundary}`)
  let at = body.indexOf(mark)
  if (at !== 0) throw wrong
  for (;;) {
    at += mark.length
    if (body.toString('latin1', at, at + 2) === '--') return form
    const headEnd = body.indexOf('\r\n\r\n', at)
    const next = body.indexOf(`\r\n--${boundary}`, headEnd)
    if (headEnd < 0 || next < 0) throw wrong
    const head = body.toString('utf8', at + 2, headEnd).split('\r\n')
    const disposition = /^content-disposition: form-data; name="([^"]+)"(?:; filename="([^"]*)")?$/i.exec(head[0] ?? '')
    if (disposition === null || head.slice(1).some((line) => !/^[A-Za-z-]+: \S/.test(line))) throw wrong
    const [, name = '', fileName] = disposition
    const content = body.subarray(headEnd + 4, next)
    if (fileName === undefined) form.fields[name] = name === 'caption' ? content.toString('utf8') : fieldOf(content.toString('utf8'))
    else form.file = { field: name, name: fileName, mimeType: /^content-type: (.+)$/i.exec(head[1] ?? '')?.[1] ?? '', bytes: content }
    at = next + 2
  }
}
