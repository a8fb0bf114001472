import type {
  APIAttachment, APIInteraction, APIMessage, APIUser, GatewayInteractionCreateDispatchData, GatewayMessageCreateDispatchData, GatewayMessageReactionAddDispatchData, GatewayMessageReactionRemoveDispatchData,
} from '@discordjs/core/http-only'
import type { Attachment, ChannelNotice, ChatRef, IncomingMessage, PlatformMessageId, Sender, SenderId } from '@moltbot/contract'
import { wordsOfButton } from './buttons.ts'

export interface Self {
  id: string
  username: string
  /** Roles that are this bot's own: mentioning one addresses the bot. */
  roles: ReadonlySet<string>
}

export interface FileToFetch { attachment: number; url: string; sizeBytes: number }

/** What one event means. */
export type Understood =
  | {
      kind: 'message'
      message: IncomingMessage
      /** What is worth fetching: which attachment, from where, and how big Discord says it is. */
      files: FileToFetch[]
    }
  | { kind: 'notice'; notice: ChannelNotice }
  /** Nothing for the journey; `reason` for the log. */
  | { kind: 'nothing'; reason: string }

/** Discord's numbers: an ordinary message and a reply. All others are the network's own announcements. */
const spokenTypes = new Set([0, 19])
const forwardType = 1
const voiceFlag = 1 << 13
/** Interaction kinds and command kind, as numbers. */
const commandKind = 2
const componentKind = 3
const chatInputKind = 1
const privateContext = 2

export interface Names { channel(id: string): string | undefined }

/** Reads one message. Pure. May throw on shapes Discord never documented; the caller then skips it. */
export function understandMessage(message: GatewayMessageCreateDispatchData | APIMessage, chat: ChatRef, self: Self, names: Names): Understood {
  if (message.author.id === self.id) return { kind: 'nothing', reason: 'our own message' }
  if (!spokenTypes.has(message.type)) return { kind: 'nothing', reason: `an announcement of the network (type ${message.type})` }
  const { attachments, files } = readAttachments(message)
  const text = [forwardedText(message), wordsOf(message, self, names), ...describeExtras(message)].filter((line) => line !== '').join('\n')
  if (text === '' && attachments.length === 0) return { kind: 'nothing', reason: 'a message without words: if people did write something, the bot lacks the Message Content Intent' }

  const quoted = readQuote(message, self)
  const addressed = chat.kind === 'direct' || quoted?.fromUs === true || message.mentions.some((user) => user.id === self.id) || message.mention_roles.some((role) => self.roles.has(role))
  const incoming: IncomingMessage = {
    id: message.id as PlatformMessageId, chat, sender: senderOf(message), sentAt: Date.parse(message.timestamp), text, attachments, mentioned: addressed ? 'yes' : 'no',
  }
  if (quoted !== undefined) incoming.quoted = quoted
  if (message.message_reference?.type === (forwardType as number)) incoming.origin = 'external'
  return { kind: 'message', message: incoming, files }
}

/** A slash command or a pressed button, as the words it stands for. */
export function understandInteraction(interaction: GatewayInteractionCreateDispatchData | APIInteraction, chat: ChatRef, sentAt: number): Understood {
  const user = interaction.member?.user ?? interaction.user
  if (user === undefined) return { kind: 'nothing', reason: 'an interaction without a user' }
  // An app that a person added to their account can be called in their private chats with others: we are no party there.
  if (interaction.context === privateContext) return { kind: 'nothing', reason: 'an interaction in a private chat of others' }
  const words = interactionWords(interaction)
  if (words === undefined) return { kind: 'nothing', reason: `an interaction of a kind we never offer (${interaction.type})` }
  const message: IncomingMessage = {
    id: `interaction-${interaction.id}` as PlatformMessageId, chat, sender: userSender(user, interaction.member?.nick ?? undefined), sentAt, text: words, attachments: [], mentioned: 'yes',
  }
  if (interaction.type === (componentKind as number) && interaction.message !== undefined) message.quoted = { id: interaction.message.id as PlatformMessageId, fromUs: true }
  return { kind: 'message', message, files: [] }
}

function interactionWords(interaction: APIInteraction): string | undefined {
  const data = interaction.data as { type?: number; name?: string; custom_id?: string; values?: unknown; options?: { value?: unknown }[] } | undefined
  if (interaction.type === (componentKind as number) && typeof data?.custom_id === 'string') return wordsOfButton(data.custom_id) ?? `callback_data: ${data.custom_id}`
  if (interaction.type !== (commandKind as number) || (data?.type ?? chatInputKind) !== chatInputKind || typeof data?.name !== 'string') return undefined
  const given = (data.options ?? []).map((option) => option.value).filter((value) => ['string', 'number', 'boolean'].includes(typeof value)).map(String)
  return [`/${data.name}`, ...given].join(' ').trim()
}

export function understandReaction(reaction: GatewayMessageReactionAddDispatchData | GatewayMessageReactionRemoveDispatchData, removed: boolean, chat: ChatRef, self: Self): Understood {
  if (reaction.user_id === self.id) return { kind: 'nothing', reason: 'our own reaction' }
  const emoji = reaction.emoji.id === null ? reaction.emoji.name : `:${reaction.emoji.name ?? reaction.emoji.id}:`
  if (emoji === null) return { kind: 'nothing', reason: 'a reaction without an emoji' }
  const user = 'member' in reaction ? reaction.member?.user : undefined
  const sender: Sender = user === undefined ? { id: reaction.user_id as SenderId } : userSender(user)
  return { kind: 'notice', notice: { kind: 'reaction', chat, message: reaction.message_id as PlatformMessageId, sender, emoji, removed } }
}

function senderOf(message: GatewayMessageCreateDispatchData | APIMessage): Sender {
  const nick = 'member' in message ? (message.member?.nick ?? undefined) : undefined
  const sender = userSender(message.author, nick)
  // Whoever knows a webhook's address chooses its name and picture anew with every message; its id is all there is.
  if (message.webhook_id !== undefined) sender.isBot = true
  return sender
}

function userSender(user: APIUser, nick?: string): Sender {
  const sender: Sender = { id: user.id as SenderId, name: nick ?? user.global_name ?? user.username, username: user.username }
  if (user.bot === true || user.system === true) sender.isBot = true
  return sender
}

/** The words, with names in place of Discord's numbers, and without our own name in front: it is an address, not content. */
function wordsOf(message: GatewayMessageCreateDispatchData | APIMessage, self: Self, names: Names): string {
  const people = new Map(message.mentions.map((user) => [user.id, user.global_name ?? user.username]))
  const front = /^\s*<@(!|&)?(\d+)>[ \t]*/.exec(message.content)
  const toUs = front !== null && (front[1] === '&' ? self.roles.has(front[2] ?? '') : front[2] === self.id)
  const rest = toUs && front[0].length < message.content.length ? message.content.slice(front[0].length) : message.content
  return rest
    .replace(/<@!?(\d{17,20})>/g, (whole, id: string) => (id === self.id ? `@${self.username}` : people.has(id) ? `@${oneLine(people.get(id) ?? '', 64)}` : whole))
    .replace(/<#(\d{17,20})>/g, (whole, id: string) => (names.channel(id) === undefined ? whole : `#${oneLine(names.channel(id) ?? '', 100)}`))
    .replace(/<a?(:\w{2,32}:)\d{17,20}>/g, '$1')
}

/** Names and titles are the sender's words: kept on one line so that they cannot pose as anything else. */
function oneLine(text: string, max: number): string {
  return text.replace(/[\s\p{Cc}\p{Zl}\p{Zp}\]]+/gu, ' ').trim().slice(0, max)
}

function forwardedText(message: GatewayMessageCreateDispatchData | APIMessage): string {
  if (message.message_reference?.type !== (forwardType as number)) return ''
  const words = (message.message_snapshots ?? []).map((snapshot) => snapshot.message.content).filter((content) => content !== '')
  return ['[forwarded]', ...words].join('\n')
}

function describeExtras(message: GatewayMessageCreateDispatchData | APIMessage): string[] {
  const lines = (message.sticker_items ?? []).map((sticker) => `[sticker ${oneLine(sticker.name, 64)}]`)
  // What apps post is often a card and nothing else; below words a card only shows where their links lead.
  if (message.content === '') {
    for (const { type, title, description } of message.embeds.slice(0, 10)) {
      const words = [title, description].flatMap((part) => (typeof part === 'string' && part !== '' ? [oneLine(part, 1_000)] : []))
      if (type === 'rich' && words.length > 0) lines.push(`[card: ${words.join(' — ')}]`)
    }
  }
  if (message.poll !== undefined) {
    lines.push(`[poll: ${oneLine(message.poll.question.text ?? '', 300)} — ${message.poll.answers.map((answer) => oneLine(answer.poll_media.text ?? answer.poll_media.emoji?.name ?? '', 100)).join(' / ')}]`)
  }
  return lines
}

function readQuote(message: GatewayMessageCreateDispatchData | APIMessage, self: Self): IncomingMessage['quoted'] {
  const reference = message.message_reference
  if (reference?.message_id === undefined || reference.type === (forwardType as number)) return undefined
  const original = message.referenced_message
  const quoted: NonNullable<IncomingMessage['quoted']> = { id: reference.message_id as PlatformMessageId, fromUs: original?.author.id === self.id && original.webhook_id === undefined }
  if (original !== undefined && original !== null) {
    if (original.content !== '') quoted.text = original.content
    quoted.senderName = original.author.global_name ?? original.author.username
  }
  return quoted
}

function kindOf(attachment: APIAttachment, voice: boolean): Attachment['kind'] {
  const type = attachment.content_type ?? ''
  if (voice) return 'voice'
  return type.startsWith('image/') ? 'image' : type.startsWith('audio/') ? 'audio' : type.startsWith('video/') ? 'video' : 'document'
}

function readAttachments(message: GatewayMessageCreateDispatchData | APIMessage): { attachments: Attachment[]; files: FileToFetch[] } {
  const attachments: Attachment[] = []
  const files: FileToFetch[] = []
  const forwarded = (message.message_snapshots ?? []).flatMap((snapshot) => snapshot.message.attachments)
  for (const file of [...message.attachments, ...forwarded]) {
    const kind = kindOf(file, ((message.flags ?? 0) & voiceFlag) !== 0)
    files.push({ attachment: attachments.length, url: file.url, sizeBytes: file.size })
    const attachment: Attachment = { kind, ref: file.url, fileName: file.filename, sizeBytes: file.size }
    if (file.content_type !== undefined) attachment.mimeType = file.content_type
    attachments.push(attachment)
  }
  return { attachments, files }
}
