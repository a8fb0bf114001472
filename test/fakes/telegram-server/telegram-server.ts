import { createServer, type IncomingMessage as HttpRequest, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { freePort } from '../../support/free-port.ts'
import { BotApiError } from './bot-api-error.ts'
import { findEntities } from './html-entities.ts'
import { fileOf, keyboardOf, textOf, uploadMethods } from './outgoing-rules.ts'
import { readPayload, type Uploaded } from './read-payload.ts'
import type { Call, FakeGroup, FakeUser, Fault, Injected, Json, JsonObject, SayOptions, SentFile, SentMessage, TelegramServer, TelegramServerOptions } from './types.ts'
import { createUpdateQueue } from './update-queue.ts'

/** Some of the emoji a bot may react with. */
const reactionsTaken = new Set(['👍', '👎', '❤', '🔥', '🎉', '👀', '👌', '🤔', '😁', '🙏'])

/** A Bot API server on loopback that behaves like Telegram's as far as a bot can tell, and can be made to misbehave. */
export async function startTelegramServer(options: TelegramServerOptions = {}): Promise<TelegramServer> {
  const token = options.token ?? '123456:fake-token'
  const botId = Number(token.split(':', 1)[0])
  const bot: FakeUser = { id: Number.isSafeInteger(botId) ? botId : 123456, first_name: 'Moltbot', username: options.botName ?? 'molt_test_bot', is_bot: true }
  const privacy = options.privacy ?? true

  const users = new Map<number, FakeUser>([[bot.id, bot]])
  const groups = new Map<number, FakeGroup>()
  const moved = new Map<number, number>()
  const topics = new Map<string, string>()
  /** Everything ever written in a chat, by `chat/message`. */
  const messages = new Map<string, JsonObject>()
  /** What the bot put on a message, by chat and message. */
  const reactions = new Map<string, string[]>()
  /** Chat → pinned messages, the latest first. */
  const pinned = new Map<number, number[]>()
  const files = new Map<string, { path: string; bytes: Uint8Array }>()
  const counters = new Map<string, number>()
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
  let revoked = false
  let lastFile = 0
  let lastPress = 0
  let edits = 0
  const timers = new Set<NodeJS.Timeout>()

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

  const updates = createUpdateQueue({ longPollMaxMs: options.longPollMaxMs ?? 50_000, webhookRetryMs: options.webhookRetryMs ?? 100, later, changed, answer, fail })
  const { inject } = updates

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

  // --- sending ---

  function chatOf(payload: JsonObject): number {
    const chatId = Number(payload.chat_id)
    const to = moved.get(chatId)
    if (to !== undefined) throw new BotApiError(400, 'Bad Request: group chat was upgraded to a supergroup chat', { migrate_to_chat_id: to })
    if (!users.has(chatId) && !groups.has(chatId)) throw new BotApiError(400, 'Bad Request: chat not found')
    if (blocked.has(chatId)) throw new BotApiError(403, groups.has(chatId) ? 'Forbidden: bot was kicked from the group chat' : 'Forbidden: bot was blocked by the user')
    return chatId
  }

  function sendMessage(payload: JsonObject, file?: SentFile, sticker?: string): JsonObject {
    const chatId = chatOf(payload)
    const { text, entities } = sticker === undefined ? textOf(payload, file === undefined ? 'text' : 'caption') : { text: '', entities: [] }
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
      ...(sticker !== undefined ? { sticker: { file_id: sticker } } : file === undefined ? { text } : { ...(text === '' ? {} : { caption: text }), [file.as === 'image' ? 'photo' : file.as]: storeFile(file.bytes, 'bin') }),
      ...(entities.length > 0 ? { [file === undefined ? 'entities' : 'caption_entities']: entities as unknown as Json[] } : {}),
      ...(thread === undefined ? {} : { message_thread_id: thread, is_topic_message: true }),
      ...(replied === undefined ? {} : { reply_to_message: replied }),
    }
    messages.set(key(chatId, messageId), message)
    sent.push({
      chatId, messageId, text, entities, thread, replyTo, at: Date.now(), earlier: [], deleted: false, payload, buttons, ...(file === undefined ? {} : { file }), ...(sticker === undefined ? {} : { sticker }),
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
      case 'setWebhook':
        return updates.setWebhook(payload)
      case 'deleteWebhook':
        return updates.deleteWebhook(payload)
      case 'getWebhookInfo':
        return updates.webhookInfo()
      case 'getFile': {
        const file = files.get(String(payload.file_id))
        if (file === undefined) throw new BotApiError(400, 'Bad Request: invalid file_id')
        if (file.bytes.length > 20 * 1024 * 1024) throw new BotApiError(400, 'Bad Request: file is too big')
        return { file_id: String(payload.file_id), file_unique_id: 'u', file_size: file.bytes.length, file_path: file.path }
      }
      case 'getChat':
        return chatJson(chatOf(payload))
      case 'setMessageReaction': {
        const chatId = chatOf(payload)
        const messageId = Number(payload.message_id)
        if (!messages.has(key(chatId, messageId))) throw new BotApiError(400, 'Bad Request: message to react not found')
        const emoji = ((payload.reaction ?? []) as unknown as { emoji?: string }[]).map((one) => one.emoji ?? '')
        if (emoji.some((one) => !reactionsTaken.has(one))) throw new BotApiError(400, 'Bad Request: REACTION_INVALID')
        if (emoji.length > 1) throw new BotApiError(400, 'Bad Request: REACTIONS_TOO_MANY')
        reactions.set(key(chatId, messageId), emoji)
        return true
      }
      case 'pinChatMessage':
      case 'unpinChatMessage': {
        const chatId = chatOf(payload)
        const pins = method === 'pinChatMessage'
        const before = pinned.get(chatId) ?? []
        // Without a number the latest pin is meant.
        const messageId = payload.message_id === undefined && !pins ? (before[0] ?? 0) : Number(payload.message_id)
        if (!messages.has(key(chatId, messageId)) || (!pins && !before.includes(messageId))) throw new BotApiError(400, `Bad Request: message to ${pins ? 'pin' : 'unpin'} not found`)
        if (pins && before.includes(messageId)) throw new BotApiError(400, 'Bad Request: CHAT_NOT_MODIFIED')
        pinned.set(chatId, [...(pins ? [messageId] : []), ...before.filter((id) => id !== messageId)])
        return true
      }
      case 'sendSticker':
        if (!files.has(String(payload.sticker))) throw new BotApiError(400, 'Bad Request: wrong file identifier/HTTP URL specified')
        return sendMessage(payload, undefined, String(payload.sticker))
      case 'sendPoll': {
        const options = (payload.options as unknown as { text: string }[]).map(({ text }) => text)
        if (options.length < 2 || options.length > 10) throw new BotApiError(400, 'Bad Request: poll must have at least 2 option')
        return sendMessage({ ...payload, text: `${String(payload.question)}\n${options.join('\n')}` })
      }
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
      if (method === 'getUpdates') return updates.getUpdates(payload, response, call)
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

  const port = await listen(options.port ?? (await freePort()))

  function until(condition: () => boolean, what: string, timeoutMs = 60_000): Promise<void> {
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
    pinnedIn: (chatId) => pinned.get(chatId) ?? [],
    reactionsOn: (chatId, messageId) => reactions.get(key(chatId, messageId)) ?? [],
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
    sendSticker(from, emoji, say = {}) {
      const sticker = { ...storeFile(Buffer.from('RIFF\0\0\0\0WEBPVP8 '), 'webp'), type: 'regular', width: 512, height: 512, is_animated: false, is_video: false, emoji, set_name: 'a_set' }
      return { ...write(from, { sticker }, say), fileId: `file-${lastFile}` }
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
    redeliver: updates.redeliver,
    unconfirmed: updates.unconfirmed,
    isConfirmed: updates.isConfirmed,
    fault: (method, fault) => void faults.push({ method, fault, left: fault.times ?? 1 }),
    clearFaults: () => void faults.splice(0),
    block: (chatId) => void blocked.add(chatId),
    unblock: (chatId) => void blocked.delete(chatId),
    conflict: updates.conflict,
    revokeToken() {
      revoked = true
      updates.endPoll(new BotApiError(401, 'Unauthorized'))
    },
    restoreToken: () => void (revoked = false),
    dropConnections() {
      for (const socket of sockets) socket.destroy()
    },
    deafen: updates.deafen,
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
      return { ...updates.counts(), sent: sent.length, edits, deleted: sent.filter((one) => one.deleted).length, calls: byMethod }
    },
    async close() {
      updates.close()
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
      await stopListening()
    },
  }
}
