import type { WAMessage, proto } from 'baileys'
import type { Attachment, ChannelNotice, ChatRef, IncomingMessage, PlatformMessageId } from '@moltbot/contract'
import { personAddress, senderId } from './addresses.ts'
import type { Library } from './library.ts'

type Content = proto.IMessage
type Context = proto.IContextInfo

/** A file that came along, as WhatsApp hands it out: sealed, under a key that is in the message. */
export interface SealedFile {
  attachment: number
  path: string
  key: Uint8Array
  /** Which keys are made of `key`: WhatsApp's own names. */
  kind: 'image' | 'video' | 'audio' | 'document' | 'sticker'
  sizeBytes: number
  sealedSha256: Uint8Array | undefined
}

/** What one message means. */
export type Understood =
  | { kind: 'message'; message: IncomingMessage; files: SealedFile[] }
  | { kind: 'notice'; notice: ChannelNotice }
  /** Nothing for the journey; `reason` for the log. */
  | { kind: 'nothing'; reason: string }

/** Where a message was written and by whom, after every address was brought to one form. */
export interface Whence {
  chat: ChatRef
  /** The person's address without device. */
  person: string
  /** Our own addresses without device: the number, and the hidden id where we have one. */
  self: readonly string[]
}

/** Reads one message. Pure. May throw on shapes WhatsApp never used; the caller then skips it. */
export function understand(library: Library, message: WAMessage, whence: Whence): Understood {
  const content = library.normalizeMessageContent(message.message ?? undefined)
  const id = message.key.id
  if (content === undefined || typeof id !== 'string' || id === '') return { kind: 'nothing', reason: 'a message without content' }
  const sender = { id: senderId(whence.person), ...(message.pushName === undefined || message.pushName === null || message.pushName === '' ? {} : { name: message.pushName }) }
  if (content.reactionMessage !== undefined && content.reactionMessage !== null) {
    const { key, text } = content.reactionMessage
    if (typeof key?.id !== 'string') return { kind: 'nothing', reason: 'a reaction to nothing' }
    return { kind: 'notice', notice: { kind: 'reaction', chat: whence.chat, message: key.id as PlatformMessageId, sender, emoji: text ?? '', removed: (text ?? '') === '' } }
  }
  if (content.protocolMessage !== undefined && content.protocolMessage !== null) return { kind: 'nothing', reason: `a change to an earlier message or to the chat (${content.protocolMessage.type ?? 'unknown'}): what was accepted stays as it was` }
  // What is to be seen once is not kept: its words are read, its picture is not fetched.
  const once = message.key.isViewOnce === true || [message.message?.viewOnceMessage, message.message?.viewOnceMessageV2, message.message?.viewOnceMessageV2Extension].some((each) => each !== undefined && each !== null)
  const context = contextOf(content)
  const { attachments, files } = readFiles(content, once)
  const words = wordsOf(content)
  const isForwarded = context?.isForwarded === true || (context?.forwardingScore ?? 0) > 0
  const text = [...(isForwarded ? ['[forwarded]'] : []), withNames(words, context, whence), ...describeExtras(content), ...(once ? ['[to be seen once]'] : [])].filter((line) => line !== '').join('\n')
  if (text === '' && attachments.length === 0) return { kind: 'nothing', reason: `a message without words (${Object.keys(content).join(', ').slice(0, 100)})` }

  const quoted = readQuote(library, context, whence)
  const named = (context?.mentionedJid ?? []).some((address) => isSelf(whence, address))
  const incoming: IncomingMessage = {
    id: id as PlatformMessageId, chat: whence.chat, sender, sentAt: Number(message.messageTimestamp ?? 0) * 1_000, text, attachments,
    mentioned: whence.chat.kind === 'direct' || named || quoted?.fromUs === true ? 'yes' : 'no',
  }
  if (quoted !== undefined) incoming.quoted = quoted
  if (isForwarded) incoming.origin = 'external'
  return { kind: 'message', message: incoming, files }
}

function isSelf(whence: Whence, address: string | null | undefined): boolean {
  const person = personAddress(address)
  return person !== undefined && whence.self.includes(person)
}

/** Every kind of content carries its context in its own place. */
function contextOf(content: Content): Context | undefined {
  for (const part of Object.values(content) as unknown[]) {
    const context = (part as { contextInfo?: Context | null } | null | undefined)?.contextInfo
    if (context !== undefined && context !== null) return context
  }
  return undefined
}

function wordsOf(content: Content): string {
  return content.conversation || content.extendedTextMessage?.text || content.imageMessage?.caption || content.videoMessage?.caption || content.documentMessage?.caption
    || content.buttonsResponseMessage?.selectedDisplayText || content.listResponseMessage?.title || content.listResponseMessage?.singleSelectReply?.selectedRowId
    || content.templateButtonReplyMessage?.selectedDisplayText || content.interactiveResponseMessage?.body?.text || content.groupInviteMessage?.caption || ''
}

/** Names and titles are the sender's words: kept on one line so that they cannot pose as anything else. */
function oneLine(text: string | null | undefined, max: number): string {
  return (text ?? '').replace(/[\s\p{Cc}\p{Zl}\p{Zp}\]]+/gu, ' ').trim().slice(0, max)
}

/** Without our own name in front: it is an address, not content. */
function withNames(words: string, context: Context | undefined, whence: Whence): string {
  const front = /^\s*@(\d{5,20})[ \t]+/.exec(words)
  if (front === null) return words
  const named = (context?.mentionedJid ?? []).find((address) => address.startsWith(`${front[1]}@`))
  return named !== undefined && isSelf(whence, named) ? words.slice(front[0].length) : words
}

function describeExtras(content: Content): string[] {
  const lines: string[] = []
  const place = content.locationMessage ?? content.liveLocationMessage
  if (place !== undefined && place !== null) {
    const what = content.liveLocationMessage === undefined || content.liveLocationMessage === null ? 'location' : 'live location'
    const named = 'name' in place ? [place.name, place.address] : [(place as proto.Message.ILiveLocationMessage).caption]
    lines.push(`[${[`${what} ${Number(place.degreesLatitude ?? 0)}, ${Number(place.degreesLongitude ?? 0)}`, ...named.map((each) => oneLine(each, 200))].filter((part) => part !== '').join(' — ')}]`)
  }
  const contacts = content.contactsArrayMessage?.contacts ?? (content.contactMessage === undefined || content.contactMessage === null ? [] : [content.contactMessage])
  for (const contact of contacts.slice(0, 20)) {
    const numbers = (contact.vcard ?? '').slice(0, 20_000).split('\n').filter((line) => /^(?:item\d{1,3}\.)?TEL/i.test(line)).map((line) => oneLine(line.slice(line.lastIndexOf(':') + 1), 40))
    lines.push(`[contact ${[oneLine(contact.displayName, 100), ...numbers.slice(0, 5)].filter((part) => part !== '').join(' ')}]`)
  }
  const poll = content.pollCreationMessage ?? content.pollCreationMessageV2 ?? content.pollCreationMessageV3 ?? content.pollCreationMessageV5
  if (poll !== undefined && poll !== null) lines.push(`[poll: ${oneLine(poll.name, 300)} — ${(poll.options ?? []).slice(0, 12).map((option) => oneLine(option.optionName, 100)).join(' / ')}]`)
  if (content.groupInviteMessage !== undefined && content.groupInviteMessage !== null) lines.push(`[invitation to the group ${oneLine(content.groupInviteMessage.groupName, 100)}]`)
  if (content.eventMessage !== undefined && content.eventMessage !== null) {
    lines.push(`[event: ${[oneLine(content.eventMessage.name, 200), oneLine(content.eventMessage.description, 500)].filter((part) => part !== '').join(' — ')}]`)
  }
  const product = content.productMessage?.product
  if (product !== undefined && product !== null) lines.push(`[product ${oneLine(product.title, 200)}]`)
  if (content.orderMessage !== undefined && content.orderMessage !== null) lines.push(`[order ${oneLine(content.orderMessage.orderTitle, 200)}]`)
  return lines
}

function readQuote(library: Library, context: Context | undefined, whence: Whence): IncomingMessage['quoted'] {
  if (typeof context?.stanzaId !== 'string' || context.stanzaId === '') return undefined
  const author = personAddress(context.participant)
  const fromUs = author !== undefined && whence.self.includes(author)
  const quoted: NonNullable<IncomingMessage['quoted']> = { id: context.stanzaId as PlatformMessageId, fromUs }
  const original = library.normalizeMessageContent(context.quotedMessage ?? undefined)
  const text = original === undefined ? '' : [wordsOf(original), ...describeExtras(original)].filter((line) => line !== '').join('\n')
  if (text !== '') quoted.text = text
  if (author !== undefined && !fromUs) quoted.senderName = senderId(author)
  return quoted
}

function readFiles(content: Content, once: boolean): { attachments: Attachment[]; files: SealedFile[] } {
  const attachments: Attachment[] = []
  const files: SealedFile[] = []
  const take = (kind: Attachment['kind'], sealedAs: SealedFile['kind'], fetched: boolean, part: {
    mimetype?: string | null; fileName?: string | null; fileLength?: number | { toNumber(): number } | null; directPath?: string | null; mediaKey?: Uint8Array | null; fileEncSha256?: Uint8Array | null
  } | null | undefined): void => {
    if (part === undefined || part === null) return
    const size = Number(part.fileLength ?? 0)
    const attachment: Attachment = { kind, ...(Number.isSafeInteger(size) && size > 0 ? { sizeBytes: size } : {}) }
    if (typeof part.mimetype === 'string' && part.mimetype !== '') attachment.mimeType = part.mimetype
    if (typeof part.fileName === 'string' && part.fileName !== '') attachment.fileName = part.fileName
    if (fetched && !once && typeof part.directPath === 'string' && part.mediaKey instanceof Uint8Array && part.mediaKey.length === 32) {
      files.push({ attachment: attachments.length, path: part.directPath, key: part.mediaKey, kind: sealedAs, sizeBytes: attachment.sizeBytes ?? 0, sealedSha256: part.fileEncSha256 ?? undefined })
    }
    attachments.push(attachment)
  }
  take('image', 'image', true, content.imageMessage)
  take('sticker', 'sticker', true, content.stickerMessage)
  take(content.audioMessage?.ptt === true ? 'voice' : 'audio', 'audio', true, content.audioMessage)
  take('document', 'document', true, content.documentMessage)
  take('video', 'video', true, content.videoMessage)
  take('video', 'video', true, content.ptvMessage)
  return { attachments, files }
}
