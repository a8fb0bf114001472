import type { AccountId, Attachment, ChannelNotice, ChatId, ChatRef, IncomingMessage, PlatformMessageId, Sender, SenderId } from '@moltbot/contract'
import { balloonLine, drawsBalloon } from './balloons.ts'
import type { IMessageConfig } from './config.ts'
import { handleOf, imessageId, messageGuid, readChat } from './imessage-id.ts'

/** A message as BlueBubbles or imsg tells of it, brought to one shape. Everything may be missing: nobody vouches for what comes in. */
export interface RawMessage {
  guid: unknown
  chat: unknown
  chatName: unknown
  /** The sender's address. */
  handle: unknown
  fromMe: boolean
  text: unknown
  /** Epoch ms. */
  date: number
  replyTo: unknown
  attachments: { guid: unknown; mimeType: unknown; name: unknown; size: unknown; sticker: boolean }[]
  tapback: { target: unknown; kind: unknown; emoji: unknown } | undefined
  /** The id of what draws it, where it is no plain message. Undefined: it cannot be told. */
  balloon: unknown
  /** True for the network's own announcements: somebody was added, the name changed. */
  announcement: boolean
  /** Addresses mentioned; undefined: it cannot be told. */
  mentioned: unknown[] | undefined
}

/** What a message that is answered says; undefined: it could not be looked up. */
export interface Original { text: string; fromUs: boolean; handle: string | undefined }

/** What one message means. */
export type Understood =
  | { kind: 'message'; message: IncomingMessage; files: { attachment: number; guid: string; sizeBytes: number }[] }
  | { kind: 'notice'; notice: ChannelNotice }
  /** Nothing for the journey; `reason` for the log. */
  | { kind: 'nothing'; reason: string }

/** Tapbacks by the names BlueBubbles has for them, and by Apple's numbers. */
const tapbacks: readonly [name: string, code: number, emoji: string][] = [
  ['love', 2_000, '❤️'], ['like', 2_001, '👍'], ['dislike', 2_002, '👎'], ['laugh', 2_003, '😂'], ['emphasize', 2_004, '‼️'], ['question', 2_005, '❓'],
]
const ownEmoji = 2_006

/** The name of a tapback for an emoji; undefined: Messages has no such one. */
export function tapbackOf(emoji: string): string | undefined {
  return tapbacks.find(([, , sign]) => sign.replaceAll('\ufe0f', '') === emoji.replaceAll('\ufe0f', ''))?.[0]
}

const nothing = (reason: string): Understood => ({ kind: 'nothing', reason })

/** Reads one message. Pure. May throw on shapes nobody documented; the caller then skips it. */
export function understandMessage(raw: RawMessage, account: AccountId, config: Pick<IMessageConfig, 'service'>, own: ReadonlySet<string>, original: Original | undefined): Understood {
  const guid = messageGuid(raw.guid)
  const place = readChat(raw.chat)
  if (guid === undefined || place === undefined) return nothing('a message without an id or a place')
  if (raw.fromMe) return nothing('words of this account')
  if (raw.announcement) return nothing('an announcement of the network')
  if (config.service === 'imessage' && place.service !== 'iMessage' && place.service !== 'any') return nothing('an SMS: its sender may be forged')
  const handle = handleOf(raw.handle)
  if (handle === undefined) return nothing('a message of nobody that could be known again')
  const chat: ChatRef = { channel: imessageId, account, chat: String(raw.chat) as ChatId, kind: place.group ? 'group' : 'direct' }
  if (place.group && typeof raw.chatName === 'string' && raw.chatName !== '') chat.title = oneLine(raw.chatName, 100)
  const sender: Sender = { id: handle as SenderId }
  if (raw.tapback !== undefined) return understandTapback(raw.tapback, chat, sender)

  const { attachments, files } = readAttachments(raw)
  // Messages puts this sign where a file stands in the words.
  const words = typeof raw.text === 'string' ? (attachments.length > 0 || raw.balloon !== undefined ? raw.text.replaceAll('\ufffc', '').trim() : raw.text) : ''
  // A sticker of an app is told as the sticker it is.
  const drawn = attachments.some(({ kind }) => kind === 'sticker') ? undefined : balloonLine(raw.balloon)
  const text = [words, drawn].filter((line) => line !== undefined && line !== '').join('\n')
  if (text === '' && attachments.length === 0) return nothing('a message without words')
  const replyTo = messageGuid(raw.replyTo)
  const addressed = !place.group || original?.fromUs === true || raw.mentioned?.some((address) => own.has(handleOf(address) ?? '')) === true
  const message: IncomingMessage = {
    id: guid as PlatformMessageId, chat, sender, sentAt: raw.date, text, attachments, mentioned: addressed ? 'yes' : raw.mentioned === undefined ? 'unknown' : 'no',
  }
  if (replyTo !== undefined) {
    message.quoted = { id: replyTo as PlatformMessageId, fromUs: original?.fromUs === true }
    if (original !== undefined && original.text !== '') message.quoted.text = original.text
    if (original?.handle !== undefined && !original.fromUs) message.quoted.senderName = original.handle
  }
  return { kind: 'message', message, files }
}

function understandTapback(tapback: NonNullable<RawMessage['tapback']>, chat: ChatRef, sender: Sender): Understood {
  const target = messageGuid(tapback.target)
  const name = String(tapback.kind)
  const removed = name.startsWith('-') || /^3\d{3}$/.test(name)
  const code = Number(name.replace(/^-/, '').replace(/^3(\d{3})$/, '2$1'))
  const emoji = code === ownEmoji ? tapback.emoji : tapbacks.find(([each, number]) => each === name.replace(/^-/, '') || number === code)?.[2]
  if (target === undefined || typeof emoji !== 'string' || emoji === '') return nothing('a tapback of an unknown kind')
  return { kind: 'notice', notice: { kind: 'reaction', chat, message: target as PlatformMessageId, sender, emoji: emoji.slice(0, 20), removed } }
}

/** Names and titles are the sender's words: kept on one line so that they cannot pose as anything else. */
function oneLine(text: string, max: number): string {
  return text.replace(/[\s\p{Cc}\p{Zl}\p{Zp}\]]+/gu, ' ').trim().slice(0, max)
}

function readAttachments(raw: RawMessage): { attachments: Attachment[]; files: { attachment: number; guid: string; sizeBytes: number }[] } {
  const attachments: Attachment[] = []
  const files: { attachment: number; guid: string; sizeBytes: number }[] = []
  for (const file of raw.attachments) {
    if (raw.balloon !== undefined && drawsBalloon(file.name)) continue
    const type = typeof file.mimeType === 'string' ? file.mimeType : ''
    const kind: Attachment['kind'] = file.sticker ? 'sticker' : type.startsWith('image/') ? 'image' : type.startsWith('audio/') ? 'voice' : type.startsWith('video/') ? 'video' : 'document'
    const attachment: Attachment = { kind }
    if (type !== '') attachment.mimeType = type
    // A name and nothing more: where it lies on the Mac is no business of anybody's.
    if (typeof file.name === 'string' && file.name !== '') attachment.fileName = file.name.split(/[/\\]/).at(-1) ?? ''
    if (typeof file.size === 'number') attachment.sizeBytes = file.size
    if (typeof file.guid === 'string' && /^[A-Za-z0-9_-]{8,100}$/.test(file.guid)) {
      attachment.ref = file.guid
      files.push({ attachment: attachments.length, guid: file.guid, sizeBytes: Number(file.size ?? 0) })
    }
    attachments.push(attachment)
  }
  return { attachments, files }
}
