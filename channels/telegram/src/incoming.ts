import { formattedWords, type FormattedRange } from '@moltbot/contract'
import type {
  AccountId, Attachment, ChannelId, ChannelNotice, ChatId, ChatRef, IncomingMessage, PlatformMessageId, Sender, SenderId, ThreadId,
} from '@moltbot/contract'
import type { CallbackQuery, Chat, Message, MessageEntity, MessageOrigin, MessageReactionUpdated, Update, User, UserFromGetMe } from 'grammy/types'

export const telegramId = 'telegram' as ChannelId

/** How the value of a button of ours begins; what follows is what whoever taps it says. */
export const saysMark = 'say:'

/** The kinds of update we ask Telegram for. */
export const wantedUpdates = ['message', 'edited_message', 'channel_post', 'callback_query', 'my_chat_member', 'message_reaction'] as const

/** What one update means. */
export type Understood =
  | {
      kind: 'message'
      message: IncomingMessage
      /** Updates of one lane are handed over one after the other. */
      lane: string
      /** Whether it may be a piece of something Telegram cut apart. */
      piece?: { kind: 'text'; /** Absent where more than these words was told. */ words?: Written } | { kind: 'album'; group: string }
      /** A file worth fetching: which attachment, and how big Telegram says it is. */
      file?: { attachment: number; fileId: string; sizeBytes: number }
      /** A sticker that may be sent again, there where it came from. */
      sticker?: { emoji: string; fileId: string }
      /** A pressed button waits for this to be answered. */
      callback?: string
    }
  | { kind: 'notice'; notice: ChannelNotice; lane: string }
  /** Nothing for the journey; `reason` for the log. */
  | { kind: 'nothing'; reason: string; worth: 'debug' | 'info' | 'warn' }

export type Self = Pick<UserFromGetMe, 'id' | 'username'>

/** Reads one update. Pure. May throw on shapes Telegram never documented; the caller then skips the update. */
export function understandUpdate(update: Update, self: Self, account: AccountId): Understood {
  if (update.message !== undefined) return understandMessage(update.message, self, account)
  if (update.channel_post !== undefined) return understandMessage(update.channel_post, self, account)
  if (update.callback_query !== undefined) return understandPress(update.callback_query, account)
  if (update.message_reaction !== undefined) return understandReaction(update.message_reaction, account)
  if (update.my_chat_member !== undefined) {
    const { chat, new_chat_member: now } = update.my_chat_member
    return { kind: 'nothing', reason: `the bot is now "${now.status}" in ${chat.type} ${chat.id}`, worth: 'info' }
  }
  if (update.edited_message !== undefined || update.edited_channel_post !== undefined) {
    return { kind: 'nothing', reason: 'an edit: what was accepted stays as it was', worth: 'info' }
  }
  return { kind: 'nothing', reason: `unknown kind of update (${Object.keys(update).filter((key) => key !== 'update_id').join(', ').slice(0, 80)})`, worth: 'warn' }
}

function understandMessage(message: Message, self: Self, account: AccountId): Understood {
  const lane = String(message.chat.id)
  if (message.migrate_to_chat_id !== undefined) {
    return { kind: 'notice', lane, notice: { kind: 'chat-moved', from: lane as ChatId, to: String(message.migrate_to_chat_id) as ChatId } }
  }
  const sender = senderOf(message)
  if (sender === undefined) return { kind: 'nothing', reason: 'a message without a sender', worth: 'debug' }

  const chat = chatRef(message.chat, threadOf(message), account)
  const { attachments, file } = readAttachments(message)
  const entities = message.entities ?? message.caption_entities ?? []
  const written = message.text ?? message.caption ?? ''
  const words = readWritten(written, entities, self)
  const lead = [forwardLine(message.forward_origin), quotedElsewhere(message)].filter((line) => line !== '')
  const text = [...lead, formattedWords(words.text, words.ranges), ...describeExtras(message)].filter((line) => line !== '').join('\n')
  if (text === '' && attachments.length === 0) return { kind: 'nothing', reason: 'a service message', worth: 'debug' }

  const quoted = readQuote(message, self)
  const mentioned = chat.kind === 'direct' || quoted?.fromUs === true || mentions(written, entities, self) ? 'yes' : 'no'
  const understood: Understood = {
    kind: 'message',
    lane,
    message: { id: String(message.message_id) as PlatformMessageId, chat, sender, sentAt: message.date * 1_000, text, attachments, mentioned },
  }
  if (quoted !== undefined) understood.message.quoted = quoted
  if (message.forward_origin !== undefined || message.external_reply !== undefined) understood.message.origin = 'external'
  if (file !== undefined) understood.file = file
  if (message.sticker?.emoji !== undefined) understood.sticker = { emoji: message.sticker.emoji, fileId: message.sticker.file_id }
  if (message.media_group_id !== undefined) understood.piece = { kind: 'album', group: message.media_group_id }
  else if (message.text !== undefined && attachments.length === 0) understood.piece = lead.length === 0 ? { kind: 'text', words } : { kind: 'text' }
  return understood
}

function understandPress(press: CallbackQuery, account: AccountId): Understood {
  const { message, data } = press
  if (message === undefined || data === undefined) return { kind: 'nothing', reason: 'a button pressed outside any chat we know', worth: 'info' }
  const thread = 'is_topic_message' in message && message.date !== 0 ? threadOf(message as Message) : undefined
  return {
    kind: 'message',
    lane: String(message.chat.id),
    callback: press.id,
    message: {
      id: `press-${press.id}` as PlatformMessageId,
      chat: chatRef(message.chat, thread, account),
      sender: userSender(press.from),
      // Telegram does not say when a button was pressed; the message it hangs on is the only time there is.
      sentAt: message.date * 1_000,
      text: data.startsWith(saysMark) ? data.slice(saysMark.length) : `callback_data: ${data}`,
      attachments: [],
      mentioned: 'yes',
      quoted: { id: String(message.message_id) as PlatformMessageId, fromUs: true },
    },
  }
}

function understandReaction(reaction: MessageReactionUpdated, account: AccountId): Understood {
  const emojiOf = (list: MessageReactionUpdated['new_reaction']): string[] => list.flatMap((one) => (one.type === 'emoji' ? [one.emoji] : []))
  const before = emojiOf(reaction.old_reaction)
  const after = emojiOf(reaction.new_reaction)
  const added = after.find((emoji) => !before.includes(emoji))
  const emoji = added ?? before.find((one) => !after.includes(one))
  const sender = reaction.user !== undefined ? userSender(reaction.user) : reaction.actor_chat !== undefined ? chatSender(reaction.actor_chat) : undefined
  if (emoji === undefined || sender === undefined) return { kind: 'nothing', reason: 'a reaction without an emoji or a sender', worth: 'debug' }
  return {
    kind: 'notice',
    lane: String(reaction.chat.id),
    notice: {
      kind: 'reaction', chat: chatRef(reaction.chat, undefined, account), message: String(reaction.message_id) as PlatformMessageId,
      sender, emoji, removed: added === undefined,
    },
  }
}

export function chatRef(chat: Chat, thread: string | undefined, account: AccountId): ChatRef {
  const kind = chat.type === 'private' ? 'direct' : chat.type === 'channel' ? 'channel' : 'group'
  const ref: ChatRef = { channel: telegramId, account, chat: String(chat.id) as ChatId, kind }
  if (thread !== undefined) ref.thread = thread as ThreadId
  const title = chat.type === 'private' ? [chat.first_name, chat.last_name].filter(Boolean).join(' ') : chat.title
  if (title !== undefined && title !== '') ref.title = title
  return ref
}

/** Only topics are threads: outside forums Telegram gives replies a thread id too. A forum's general topic is 1 and never says so. */
function threadOf(message: Message): string | undefined {
  if (message.is_topic_message === true && message.message_thread_id !== undefined) return String(message.message_thread_id)
  return 'is_forum' in message.chat && message.chat.is_forum === true && message.chat.type === 'supergroup' ? '1' : undefined
}

/** Anonymous admins and linked channels write as a chat; Telegram then puts a placeholder bot into `from`. */
function senderOf(message: Message): Sender | undefined {
  if (message.sender_chat !== undefined) return chatSender(message.sender_chat)
  return message.from === undefined ? undefined : userSender(message.from)
}

function userSender(user: User): Sender {
  const sender: Sender = { id: String(user.id) as SenderId, name: [user.first_name, user.last_name].filter(Boolean).join(' ') }
  if (user.username !== undefined) sender.username = user.username
  if (user.is_bot) sender.isBot = true
  return sender
}

function chatSender(chat: Chat): Sender {
  const sender: Sender = { id: String(chat.id) as SenderId }
  const name = chat.type === 'private' ? chat.first_name : chat.title
  if (name !== undefined) sender.name = name
  if ('username' in chat && chat.username !== undefined) sender.username = chat.username
  return sender
}

function mentions(text: string, entities: readonly MessageEntity[], self: Self): boolean {
  const name = `@${self.username.toLowerCase()}`
  return entities.some((entity) => {
    const part = text.slice(entity.offset, entity.offset + entity.length).toLowerCase()
    if (entity.type === 'mention') return part === name
    if (entity.type === 'text_mention') return entity.user.id === self.id
    return entity.type === 'bot_command' && part.endsWith(name)
  })
}

/** What somebody wrote and where it looks different. `/help@our_bot` is how people address a command in a group; the journey knows it as `/help`. */
export interface Written { text: string; ranges: FormattedRange[] }

function readWritten(text: string, entities: readonly MessageEntity[], self: Self): Written {
  const ranges = entities.flatMap((entity) => rangeOf(entity, self))
  const first = entities.find((entity) => entity.type === 'bot_command' && entity.offset === 0)
  if (first === undefined) return { text, ranges }
  const [command, name] = text.slice(0, first.length).split('@')
  if (command === undefined || name?.toLowerCase() !== self.username.toLowerCase()) return { text, ranges }
  const shift = first.length - command.length
  return { text: command + text.slice(first.length), ranges: ranges.flatMap((range) => (range.start >= first.length ? [{ ...range, start: range.start - shift }] : [])) }
}

const kinds = { bold: 'bold', italic: 'italic', underline: 'underline', strikethrough: 'strike', spoiler: 'spoiler', code: 'code', blockquote: 'quote', expandable_blockquote: 'quote' } as const

function rangeOf(entity: MessageEntity, self: Self): FormattedRange[] {
  const place = { start: entity.offset, length: entity.length }
  if (entity.type === 'pre') return [{ kind: 'block', language: entity.language, ...place }]
  if (entity.type === 'text_link') return [{ kind: 'link', url: entity.url, ...place }]
  // A name without a username: its number is all there is to know the person by. Our own is an address, not content.
  if (entity.type === 'text_mention') return entity.user.id === self.id ? [] : [{ kind: 'link', url: `tg://user?id=${entity.user.id}`, ...place }]
  const kind = Object.hasOwn(kinds, entity.type) ? kinds[entity.type as keyof typeof kinds] : undefined
  return kind === undefined ? [] : [{ kind, ...place }]
}

/** What was quoted from another chat, which this one holds no message of. */
function quotedElsewhere(message: Message): string {
  if (message.external_reply === undefined) return ''
  const line = forwardLine(message.external_reply.origin).replace('[forwarded from', '[answer to')
  return message.quote === undefined ? line : `${line}\n> ${oneLine(message.quote.text, 1_000)}`
}

function readQuote(message: Message, self: Self): IncomingMessage['quoted'] {
  const reply = message.reply_to_message
  // In a forum every message "answers" the service message that opened its topic; nobody quoted that.
  if (reply === undefined || reply.forum_topic_created !== undefined) return undefined
  const quoted: NonNullable<IncomingMessage['quoted']> = { id: String(reply.message_id) as PlatformMessageId, fromUs: reply.from?.id === self.id && reply.sender_chat === undefined }
  const text = message.quote?.text ?? reply.text ?? reply.caption
  if (text !== undefined) quoted.text = text
  const name = reply.sender_chat !== undefined ? chatSender(reply.sender_chat).name : reply.from === undefined ? undefined : userSender(reply.from).name
  if (name !== undefined) quoted.senderName = name
  return quoted
}

function forwardLine(origin: MessageOrigin | undefined): string {
  if (origin === undefined) return ''
  const name = origin.type === 'user' ? userSender(origin.sender_user).name
    : origin.type === 'hidden_user' ? origin.sender_user_name
    : chatSender(origin.type === 'chat' ? origin.sender_chat : origin.chat).name
  return `[forwarded from ${oneLine(name ?? 'unknown', 64)}]`
}

/** Names and titles are the sender's words: kept on one line so that they cannot pose as anything else. */
function oneLine(text: string, max: number): string {
  return text.replace(/[\s\p{Cc}\p{Zl}\p{Zp}\]]+/gu, ' ').trim().slice(0, max)
}

function describeExtras(message: Message): string[] {
  const lines: string[] = []
  if (message.venue !== undefined) lines.push(`[place: ${oneLine(message.venue.title, 200)}, ${oneLine(message.venue.address, 200)}, ${message.venue.location.latitude}, ${message.venue.location.longitude}]`)
  else if (message.location !== undefined) lines.push(`[location: ${message.location.latitude}, ${message.location.longitude}]`)
  if (message.contact !== undefined) {
    const { first_name: first, last_name: last, phone_number: phone } = message.contact
    lines.push(`[contact: ${oneLine([first, last].filter(Boolean).join(' '), 128)}, ${oneLine(phone, 32)}]`)
  }
  if (message.poll !== undefined) lines.push(`[poll: ${oneLine(message.poll.question, 300)} — ${message.poll.options.map((option) => oneLine(option.text, 100)).join(' / ')}]`)
  if (message.dice !== undefined) lines.push(`[dice ${message.dice.emoji}: ${message.dice.value}]`)
  if (message.sticker?.emoji !== undefined) lines.push(`[sticker ${message.sticker.emoji}]`)
  if (message.story !== undefined) lines.push('[story]')
  if (message.paid_media !== undefined) lines.push('[media one has to pay for]')
  if (message.game !== undefined) lines.push(`[game: ${oneLine(message.game.title, 200)}]`)
  if (message.invoice !== undefined) lines.push(`[invoice: ${oneLine(message.invoice.title, 100)}]`)
  if (message.giveaway !== undefined) lines.push('[giveaway]')
  if (message.checklist !== undefined) {
    const tasks = message.checklist.tasks.slice(0, 100).map((task) => `${task.completion_date === undefined ? '☐' : '☑'} ${oneLine(task.text, 200)}`)
    lines.push(`[checklist: ${oneLine(message.checklist.title, 300)} — ${tasks.join(' / ')}]`)
  }
  return lines
}

interface FileFacts { file_id: string; file_size?: number | undefined; mime_type?: string | undefined; file_name?: string | undefined }

function attachmentOf(kind: Attachment['kind'], file: FileFacts, mimeType?: string): Attachment {
  const attachment: Attachment = { kind, ref: file.file_id }
  const type = file.mime_type ?? mimeType
  if (type !== undefined) attachment.mimeType = type
  if (file.file_name !== undefined) attachment.fileName = file.file_name
  if (file.file_size !== undefined) attachment.sizeBytes = file.file_size
  return attachment
}

function readAttachments(message: Message): { attachments: Attachment[]; file?: { attachment: number; fileId: string; sizeBytes: number } } {
  const attachments: Attachment[] = []
  let file: { attachment: number; fileId: string; sizeBytes: number } | undefined
  const fetched = (one: { file_id: string; file_size?: number }): void => {
    file ??= { attachment: attachments.length, fileId: one.file_id, sizeBytes: one.file_size ?? 0 }
  }
  // Photos come in several sizes, smallest first.
  const photo = message.photo?.at(-1)
  if (photo !== undefined) {
    fetched(photo)
    attachments.push(attachmentOf('image', photo, 'image/jpeg'))
  }
  if (message.voice !== undefined) {
    fetched(message.voice)
    attachments.push(attachmentOf('voice', message.voice, 'audio/ogg'))
  }
  if (message.audio !== undefined) {
    fetched(message.audio)
    attachments.push(attachmentOf('audio', message.audio))
  }
  if (message.video !== undefined) {
    fetched(message.video)
    attachments.push(attachmentOf('video', message.video))
  }
  if (message.video_note !== undefined) {
    fetched(message.video_note)
    attachments.push(attachmentOf('video', message.video_note, 'video/mp4'))
  }
  if (message.animation !== undefined) {
    fetched(message.animation)
    attachments.push(attachmentOf('video', message.animation))
  } else if (message.document !== undefined) {
    // A film sent as a file stays a file: nothing here looks into it.
    if (!(message.document.mime_type ?? '').startsWith('video/')) fetched(message.document)
    attachments.push(attachmentOf('document', message.document))
  }
  if (message.sticker !== undefined) {
    const still = message.sticker.is_animated !== true && message.sticker.is_video !== true
    if (still) fetched(message.sticker)
    attachments.push(attachmentOf('sticker', message.sticker, still ? 'image/webp' : undefined))
  }
  return file === undefined ? { attachments } : { attachments, file }
}
