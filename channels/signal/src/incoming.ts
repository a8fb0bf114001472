import { formattedWords, type FormattedRange } from '@moltbot/contract'
import type { AccountId, Attachment, ChannelNotice, ChatId, ChatRef, IncomingMessage, Quoted, Sender, SenderId } from '@moltbot/contract'
import type { SignalConfig } from './config.ts'
import { isGroup, isUuid, messageId, signalId } from './signal-id.ts'

/** Who we are on Signal. `uuid` undefined: it could not be asked yet; then the number has to do. */
export interface Self { number: string | undefined; uuid: string | undefined }

interface SignalAttachment { id?: string; contentType?: string; filename?: string | null; size?: number; voiceNote?: boolean }
interface SignalMention { uuid?: string; number?: string; name?: string; start?: number; length?: number }
interface SignalStyle { style?: string; start?: number; length?: number }
interface SignalQuote { id?: number; author?: string; authorUuid?: string; authorNumber?: string; text?: string | null; mentions?: SignalMention[] }
export interface SignalData {
  timestamp?: number; message?: string | null; expiresInSeconds?: number; isExpirationUpdate?: boolean; viewOnce?: boolean
  reaction?: { emoji?: string; targetAuthorUuid?: string; targetAuthor?: string; targetSentTimestamp?: number; isRemove?: boolean }
  quote?: SignalQuote; mentions?: SignalMention[]; textStyles?: SignalStyle[]; attachments?: SignalAttachment[]; contacts?: { name?: { display?: string; givenName?: string }; phone?: { value?: string }[] }[]
  sticker?: { packId?: string; stickerId?: number }; remoteDelete?: { timestamp?: number }; groupInfo?: { groupId?: string; groupName?: string; type?: string }
  storyContext?: unknown; groupCallUpdate?: unknown; payment?: unknown
  pollCreate?: { question?: string; options?: string[] }
  destination?: string; destinationUuid?: string; destinationNumber?: string
}
/** One thing the daemon received, as far as it is read. Everything may be missing: nobody vouches for what comes in. */
export interface Envelope {
  source?: string; sourceUuid?: string; sourceNumber?: string | null; sourceName?: string; sourceDevice?: number; timestamp?: number
  dataMessage?: SignalData; editMessage?: { targetSentTimestamp?: number; dataMessage?: SignalData }; syncMessage?: { sentMessage?: SignalData }
  receiptMessage?: unknown; typingMessage?: unknown; storyMessage?: unknown; callMessage?: unknown
}

/** What one envelope means. */
export type Understood =
  | {
      kind: 'message'
      message: IncomingMessage
      /** What is worth fetching: which attachment, by which id, and how big Signal says it is. */
      files: { attachment: number; id: string; sizeBytes: number }[]
      /** Whom a read receipt would go to, and for which time; absent: nobody waits for one. */
      receipt?: { recipient: string; timestamp: number }
    }
  | { kind: 'notice'; notice: ChannelNotice }
  /** Nothing for the journey; `reason` for the log. */
  | { kind: 'nothing'; reason: string }

/** Signal marks the place of a mention with this sign. */
const mentionSign = '\ufffc'

const nothing = (reason: string): Understood => ({ kind: 'nothing', reason })

/** Reads one envelope. Pure. May throw on shapes nobody documented; the caller then skips it. */
export function understandEnvelope(envelope: Envelope, self: Self, account: AccountId, config: Pick<SignalConfig, 'noteToSelf' | 'ignoreAttachments' | 'ignoreStories'>): Understood {
  const own = envelope.syncMessage?.sentMessage
  if (own !== undefined) return noteToSelf(envelope, own, self, account, config)
  const data = envelope.dataMessage
  if (data === undefined) return nothing(envelope.editMessage === undefined ? 'a receipt, a typing sign, a call or a story' : 'an edit: what was accepted stays as it was')
  const { sourceUuid: author } = envelope
  // Numbers change hands, and names are whatever people like: without the id nobody knows who it is.
  if (!isUuid(author)) return nothing('a message of nobody that could be known again')
  if (isSelf(author, envelope.sourceNumber, self)) return nothing('our own message')
  if (data.remoteDelete !== undefined) return nothing('a deletion: what was accepted stays as it was')
  if (data.storyContext !== undefined && config.ignoreStories) return nothing('an answer to a story')
  const chat = chatOf(data, author, account)
  if (chat === undefined) return nothing('a message of no known place')
  if (data.reaction !== undefined) return understandReaction(data.reaction, chat, senderOf(envelope, author))
  return understandData(data, chat, senderOf(envelope, author), author, self, config, { recipient: author, timestamp: Number(data.timestamp ?? envelope.timestamp) })
}

function isSelf(uuid: unknown, number: unknown, self: Self): boolean {
  return (self.uuid !== undefined && uuid === self.uuid) || (self.number !== undefined && number === self.number)
}

/** What the account's owner wrote on another device: to others it is none of our business; to themselves it may be meant for us. */
function noteToSelf(envelope: Envelope, sent: SignalData, self: Self, account: AccountId, config: Pick<SignalConfig, 'noteToSelf' | 'ignoreAttachments'>): Understood {
  const mine = sent.groupInfo === undefined && isSelf(sent.destinationUuid, sent.destinationNumber ?? sent.destination, self)
  const id = self.uuid ?? envelope.sourceUuid
  if (!mine || !config.noteToSelf || !isUuid(id)) return nothing('words of another device of this account')
  if (sent.reaction !== undefined || sent.remoteDelete !== undefined) return nothing('no words')
  const chat: ChatRef = { channel: signalId, account, chat: id as ChatId, kind: 'direct' }
  return understandData(sent, chat, senderOf(envelope, id), id, self, config, undefined)
}

function chatOf(data: SignalData, author: string, account: AccountId): ChatRef | undefined {
  const group = data.groupInfo
  if (group === undefined) return { channel: signalId, account, chat: author as ChatId, kind: 'direct' }
  if (!isGroup(group.groupId)) return undefined
  const chat: ChatRef = { channel: signalId, account, chat: group.groupId as ChatId, kind: 'group' }
  if (typeof group.groupName === 'string' && group.groupName !== '') chat.title = oneLine(group.groupName, 100)
  return chat
}

function senderOf(envelope: Envelope, author: string): Sender {
  const sender: Sender = { id: author as SenderId }
  if (typeof envelope.sourceName === 'string' && envelope.sourceName !== '') sender.name = envelope.sourceName
  if (typeof envelope.sourceNumber === 'string') sender.username = envelope.sourceNumber
  return sender
}

function understandReaction(reaction: NonNullable<SignalData['reaction']>, chat: ChatRef, sender: Sender): Understood {
  const { targetAuthorUuid: author, targetSentTimestamp: time, emoji } = reaction
  if (!isUuid(author) || !Number.isSafeInteger(time) || typeof emoji !== 'string') return nothing('a reaction to nothing known')
  return { kind: 'notice', notice: { kind: 'reaction', chat, message: messageId(author, time as number), sender, emoji, removed: reaction.isRemove === true } }
}

function understandData(
  data: SignalData, chat: ChatRef, sender: Sender, author: string, self: Self, config: Pick<SignalConfig, 'ignoreAttachments'>, receipt: { recipient: string; timestamp: number } | undefined,
): Understood {
  const sentAt = Number(data.timestamp)
  if (!Number.isSafeInteger(sentAt) || sentAt <= 0) return nothing('a message without a time')
  if (data.isExpirationUpdate === true || data.groupCallUpdate !== undefined || data.groupInfo?.type === 'UPDATE') return nothing('a change of the group or of its settings')
  const { attachments, files } = config.ignoreAttachments ? { attachments: [], files: [] } : readAttachments(data)
  const raw = typeof data.message === 'string' ? data.message : ''
  const text = [wordsOf(raw, data.mentions ?? [], self, data.textStyles), ...extrasOf(data)].filter((line) => line !== '').join('\n')
  if (text === '' && attachments.length === 0) return nothing('a message without words')
  const quoted = data.quote === undefined ? undefined : readQuote(data.quote, self)
  const mentioned = (data.mentions ?? []).some((mention) => isSelf(mention.uuid, mention.number, self))
  const message: IncomingMessage = {
    id: messageId(author, sentAt), chat, sender, sentAt, text, attachments, mentioned: chat.kind === 'direct' || quoted?.fromUs === true || mentioned ? 'yes' : 'no',
  }
  if (quoted !== undefined) message.quoted = quoted
  return receipt === undefined ? { kind: 'message', message, files } : { kind: 'message', message, files, receipt }
}

const kinds = { BOLD: 'bold', ITALIC: 'italic', STRIKETHROUGH: 'strike', SPOILER: 'spoiler', MONOSPACE: 'code' } as const

function rangesOf(styles: unknown): FormattedRange[] {
  return (Array.isArray(styles) ? styles as SignalStyle[] : []).flatMap((given) => {
    const kind = Object.hasOwn(kinds, given?.style ?? '') ? kinds[given.style as keyof typeof kinds] : undefined
    return kind === undefined ? [] : [{ kind, start: Number(given.start), length: Number(given.length) }]
  })
}

/** The words with names in the places of mentions, without our own in front: it is an address, not content. */
function wordsOf(raw: string, mentions: readonly SignalMention[], self: Self, styles?: unknown): string {
  const inOrder = mentions.filter(({ start, length }) => Number.isSafeInteger(start) && Number.isSafeInteger(length)).toSorted((a, b) => Number(b.start) - Number(a.start))
  let text = raw
  let ranges = rangesOf(styles)
  for (const mention of inOrder) {
    const start = Number(mention.start)
    const end = start + Number(mention.length)
    // Only the sign itself is replaced: a range elsewhere would cut words out.
    if (text.slice(start, end) !== mentionSign) continue
    const ours = isSelf(mention.uuid, mention.number, self)
    const front = ours && text.slice(0, start).trim() === '' && text.slice(end).trim() !== ''
    const [from, to, name] = front ? [0, text.length - text.slice(end).replace(/^[ \t]+/, '').length, ''] : [start, end, `@${oneLine(mention.name ?? mention.number ?? 'someone', 80)}`]
    text = text.slice(0, from) + name + text.slice(to)
    const moved = (at: number): number => (at <= from ? at : at < to ? from : at - (to - from) + name.length)
    ranges = ranges.map((range) => ({ ...range, start: moved(range.start), length: moved(range.start + range.length) - moved(range.start) }))
  }
  return formattedWords(text, ranges)
}

function readQuote(quote: SignalQuote, self: Self): Quoted | undefined {
  const author = quote.authorUuid ?? quote.author
  if (!isUuid(author) || !Number.isSafeInteger(quote.id)) return undefined
  const quoted: Quoted = { id: messageId(author, quote.id as number), fromUs: isSelf(author, quote.authorNumber, self) }
  if (typeof quote.text === 'string' && quote.text !== '') quoted.text = wordsOf(quote.text, quote.mentions ?? [], self)
  return quoted
}

/** Names and titles are the sender's words: kept on one line so that they cannot pose as anything else. */
function oneLine(text: string, max: number): string {
  return text.replace(/[\s\p{Cc}\p{Zl}\p{Zp}\]]+/gu, ' ').trim().slice(0, max)
}

function extrasOf(data: SignalData): string[] {
  const lines: string[] = []
  if (data.sticker !== undefined) lines.push('[sticker]')
  if (data.payment !== undefined) lines.push('[payment]')
  if (data.viewOnce === true && (data.attachments ?? []).length === 0) lines.push('[a picture that can be seen only once, on the telephone]')
  for (const contact of (data.contacts ?? []).slice(0, 10)) {
    const phones = (contact.phone ?? []).flatMap(({ value }) => (typeof value === 'string' ? [oneLine(value, 40)] : []))
    lines.push(`[contact: ${[oneLine(contact.name?.display ?? contact.name?.givenName ?? '', 80), ...phones].filter((part) => part !== '').join(', ')}]`)
  }
  if (data.pollCreate !== undefined) lines.push(`[poll: ${oneLine(data.pollCreate.question ?? '', 300)} — ${(data.pollCreate.options ?? []).map((option) => oneLine(option, 100)).join(' / ')}]`)
  return lines
}

function readAttachments(data: SignalData): { attachments: Attachment[]; files: { attachment: number; id: string; sizeBytes: number }[] } {
  const attachments: Attachment[] = []
  const files: { attachment: number; id: string; sizeBytes: number }[] = []
  for (const file of Array.isArray(data.attachments) ? data.attachments : []) {
    const type = file.contentType ?? ''
    // The rest of a long message comes as a file of this type; signal-cli has already put it into the text.
    if (type === 'text/x-signal-plain') continue
    const kind: Attachment['kind'] = file.voiceNote === true ? 'voice' : type.startsWith('image/') ? 'image' : type.startsWith('audio/') ? 'audio' : type.startsWith('video/') ? 'video' : 'document'
    const attachment: Attachment = { kind }
    if (type !== '') attachment.mimeType = type
    if (typeof file.filename === 'string' && file.filename !== '') attachment.fileName = file.filename
    if (typeof file.size === 'number') attachment.sizeBytes = file.size
    if (typeof file.id === 'string') attachment.ref = file.id
    // It is a name inside signal-cli's own folder: anything that could lead out of it is not asked for.
    if (typeof file.id === 'string' && /^[\w.-]{1,200}$/.test(file.id) && !file.id.startsWith('.')) files.push({ attachment: attachments.length, id: file.id, sizeBytes: Number(file.size ?? 0) })
    attachments.push(attachment)
  }
  return { attachments, files }
}
