import type { AccountId, Attachment, ChannelNotice, ChatId, ChatRef, IncomingMessage, PlatformMessageId, Sender, SenderId, ThreadId } from '@moltbot/contract'
import { wordsOfButton } from './buttons.ts'
import { emojiOf } from './emoji.ts'
import { oneLine, readMrkdwn, type Names } from './mrkdwn.ts'
import { isDirect, isPlace, isTimestamp, senderIdOf, slackId, timeOf, type Home } from './slack-id.ts'

/** Who we are in the workspace. */
export interface Self { user: string; bot: string | undefined; name: string; home: Home }

/** A message as an event or the history has it, as far as it is read. Everything may be missing: nobody vouches for what comes in. */
export interface SlackMessage {
  type?: string; subtype?: string; hidden?: boolean; channel?: string; channel_type?: string; ts?: string; thread_ts?: string; parent_user_id?: string
  user?: string; username?: string; bot_id?: string; team?: string; user_team?: string; source_team?: string; text?: string; client_msg_id?: string
  files?: SlackFile[]; attachments?: SlackShare[]; reply_count?: number; latest_reply?: string
  metadata?: { event_type?: string; event_payload?: Record<string, unknown> }
}
interface SlackFile { id?: string; name?: string; mimetype?: string; size?: number; mode?: string; subtype?: string; url_private?: string }
interface SlackShare { is_share?: boolean; is_msg_unfurl?: boolean; text?: string; author_name?: string; fallback?: string }

/** `isPage`: it is a web page by itself, so that getting one is no sign of a sign-in page. */
export interface FileToFetch { attachment: number; url: string; sizeBytes: number; isPage: boolean }

/** What one event means. */
export type Understood =
  | {
      kind: 'message'
      message: IncomingMessage
      /** What is worth fetching: which attachment, from where, and how big Slack says it is. */
      files: FileToFetch[]
    }
  | { kind: 'notice'; notice: ChannelNotice }
  /** Nothing for the journey; `reason` for the log. */
  | { kind: 'nothing'; reason: string }

/** What people (and apps) say; all other subtypes are the network's own announcements, or changes of what was said before. */
const spokenSubtypes = new Set([undefined, 'file_share', 'thread_broadcast', 'me_message', 'bot_message'])

/** The thread a message is an answer in; undefined for one that stands by itself or begins a thread. */
export function threadOf(message: Pick<SlackMessage, 'ts' | 'thread_ts'>): string | undefined {
  return isTimestamp(message.thread_ts) && message.thread_ts !== message.ts ? message.thread_ts : undefined
}

export function chatRefOf(channel: string, thread: string | undefined, account: AccountId, names: Pick<Names, 'channel'>): ChatRef {
  const chat: ChatRef = { channel: slackId, account, chat: channel as ChatId, kind: isDirect(channel) ? 'direct' : 'group' }
  if (thread !== undefined) chat.thread = thread as ThreadId
  const title = names.channel(channel)
  if (chat.kind !== 'direct' && title !== undefined && title !== '') chat.title = oneLine(title, 100)
  return chat
}

/** Every id a message names, so that names can be put in their place. */
export function namedIn(message: SlackMessage): string[] {
  const inText = [...(message.text ?? '').matchAll(/<[@#]([A-Z0-9]{3,32})[|>]/g)].map((match) => match[1] ?? '')
  return [...(message.user === undefined ? [] : [message.user]), ...(isPlace(message.channel) && !isDirect(message.channel) ? [message.channel] : []), ...inText]
}

/** Reads one message. Pure. `root`: what the thread it stands in began with, where that is known. May throw on shapes Slack never documented. */
export function understandMessage(message: SlackMessage, self: Self, account: AccountId, names: Names, root?: SlackMessage): Understood {
  const { channel, ts, subtype } = message
  if (!isPlace(channel) || !isTimestamp(ts)) return { kind: 'nothing', reason: 'a message without a place or a time' }
  if (isOurs(message, self)) return { kind: 'nothing', reason: 'our own message' }
  if (!spokenSubtypes.has(subtype) || message.hidden === true) return { kind: 'nothing', reason: `a message of kind ${oneLine(String(subtype), 40)}` }
  const sender = senderOf(message, self, names)
  if (sender === undefined) return { kind: 'nothing', reason: 'a message of nobody' }
  const { attachments, files } = readFiles(message.files ?? [])
  const raw = message.text ?? ''
  const shares = sharesOf(message, names)
  const text = [wordsOf(raw, self, names), ...shares].filter((line) => line !== '').join('\n')
  if (text === '' && attachments.length === 0) return { kind: 'nothing', reason: 'a message without words' }

  const thread = threadOf(message)
  const quoted = thread === undefined ? undefined : quoteOf(thread, message, self, names, root)
  const addressed = isDirect(channel) || quoted?.fromUs === true || mentions(raw, self.user)
  const incoming: IncomingMessage = {
    id: ts as PlatformMessageId, chat: chatRefOf(channel, thread, account, names), sender, sentAt: timeOf(ts), text, attachments, mentioned: addressed ? 'yes' : 'no',
  }
  if (quoted !== undefined) incoming.quoted = quoted
  if (shares.length > 0) incoming.origin = 'external'
  return { kind: 'message', message: incoming, files }
}

export function isOurs(message: Pick<SlackMessage, 'user' | 'bot_id'>, self: Self): boolean {
  return message.user === self.user || (message.bot_id !== undefined && message.bot_id === self.bot)
}

function mentions(text: string, user: string): boolean {
  return text.includes(`<@${user}>`) || text.includes(`<@${user}|`)
}

function senderOf(message: SlackMessage, self: Self, names: Names): Sender | undefined {
  const { user, bot_id: bot, subtype } = message
  const id = user ?? bot
  if (typeof id !== 'string' || !/^[A-Z0-9]{3,32}$/.test(id)) return undefined
  const sender: Sender = { id: senderIdOf(id, message.user_team ?? message.team ?? message.source_team, self.home) }
  // Whoever sends through an app's webhook chooses the name anew with every message; it is shown and nothing else.
  const name = user === undefined ? message.username : names.user(id)
  if (typeof name === 'string' && name !== '') sender.name = name
  if (bot !== undefined || subtype === 'bot_message' || id === 'USLACKBOT') sender.isBot = true
  return sender
}

/** The words, without our own name in front: it is an address, not content. */
function wordsOf(raw: string, self: Self, names: Names): string {
  const front = new RegExp(`^\\s*<@${self.user}(\\|[^<>]*)?>[ \\t]*`).exec(raw)
  const rest = front !== null && front[0].length < raw.length ? raw.slice(front[0].length) : raw
  return readMrkdwn(rest, { user: (id) => (id === self.user ? self.name : names.user(id)), channel: names.channel })
}

/** Messages of others that were passed on. Previews of links say nothing the link does not. */
function sharesOf(message: SlackMessage, names: Names): string[] {
  const shares = (message.attachments ?? []).filter((share) => share.is_share === true || (message.subtype === 'bot_message' && typeof share.text === 'string'))
  return shares.slice(0, 10).map((share) => {
    const author = typeof share.author_name === 'string' ? ` from ${oneLine(share.author_name, 80)}` : ''
    return `[forwarded${author}]\n${readMrkdwn(share.text ?? share.fallback ?? '', names)}`
  })
}

/** Slack has no quotes: an answer stands in the thread of what it answers. */
function quoteOf(thread: string, message: SlackMessage, self: Self, names: Names, root: SlackMessage | undefined): NonNullable<IncomingMessage['quoted']> {
  const author = message.parent_user_id ?? root?.user
  const quoted: NonNullable<IncomingMessage['quoted']> = { id: thread as PlatformMessageId, fromUs: author !== undefined ? author === self.user : root !== undefined && isOurs(root, self) }
  if (typeof root?.text === 'string' && root.text !== '') {
    quoted.text = readMrkdwn(root.text, names)
    const name = author === undefined ? undefined : names.user(author)
    if (name !== undefined) quoted.senderName = name
  }
  return quoted
}

function kindOf(file: SlackFile): Attachment['kind'] {
  const type = file.mimetype ?? ''
  if (file.subtype === 'slack_audio') return 'voice'
  return type.startsWith('image/') ? 'image' : type.startsWith('audio/') ? 'audio' : type.startsWith('video/') ? 'video' : 'document'
}

function readFiles(given: readonly SlackFile[]): { attachments: Attachment[]; files: FileToFetch[] } {
  const attachments: Attachment[] = []
  const files: FileToFetch[] = []
  for (const file of given) {
    // Gone, or hidden because the workspace does not pay: there is nothing to fetch.
    if (file.mode === 'tombstone' || file.mode === 'hidden_by_limit') continue
    const kind = kindOf(file)
    if (typeof file.url_private === 'string') {
      files.push({ attachment: attachments.length, url: file.url_private, sizeBytes: Number(file.size ?? 0), isPage: /html/.test(file.mimetype ?? '') })
    }
    const attachment: Attachment = { kind }
    if (typeof file.url_private === 'string') attachment.ref = file.url_private
    if (typeof file.name === 'string') attachment.fileName = file.name
    if (typeof file.size === 'number') attachment.sizeBytes = file.size
    if (typeof file.mimetype === 'string') attachment.mimeType = file.mimetype
    attachments.push(attachment)
  }
  return { attachments, files }
}

/** A slash command as it arrives; `channel_name` and its like are the sender's to choose and are not read. */
export interface SlackCommand { command?: string; text?: string; user_id?: string; channel_id?: string; team_id?: string; trigger_id?: string }

/**
 * A slash command, as the words it stands for: of the app's own (`/moltbot status`) what follows it, which is a command where its
 * first word names one; any other by its name.
 */
export function understandCommand(body: SlackCommand, own: string, commands: ReadonlySet<string>, self: Self, account: AccountId, names: Names, now: number): Understood {
  const { user_id: user, channel_id: channel, trigger_id: trigger } = body
  if (!isPlace(channel) || typeof user !== 'string' || !/^[A-Z0-9]{3,32}$/.test(user) || typeof trigger !== 'string' || trigger === '') return { kind: 'nothing', reason: 'a command without a place or a person' }
  const given = readMrkdwn((body.text ?? '').trim(), names)
  const name = (body.command ?? '').replace(/^\//, '')
  const first = /^\/?([a-z0-9_-]+)/i.exec(given)?.[1]?.toLowerCase() ?? ''
  const text = name !== own ? `/${name} ${given}`.trim() : given === '' ? '/help' : commands.has(first) && !given.startsWith('/') ? `/${given}` : given
  const sender: Sender = { id: senderIdOf(user, body.team_id, self.home) }
  const known = names.user(user)
  if (known !== undefined) sender.name = known
  return {
    kind: 'message', files: [],
    message: { id: `command-${trigger}` as PlatformMessageId, chat: chatRefOf(channel, undefined, account, names), sender, sentAt: now, text, attachments: [], mentioned: 'yes' },
  }
}

/** A press on a button, as far as it is read. */
export interface SlackPress {
  type?: string; trigger_id?: string; user?: { id?: string; team_id?: string }; channel?: { id?: string }; container?: { channel_id?: string; message_ts?: string; thread_ts?: string }
  actions?: { action_id?: string; value?: string; selected_option?: { value?: string } }[]
}

/** A pressed button of a message of ours, as the words it stands for. */
export function understandPress(body: SlackPress, self: Self, account: AccountId, names: Names, now: number): Understood {
  const channel = body.container?.channel_id ?? body.channel?.id
  const user = body.user?.id
  const [action] = body.actions ?? []
  const value = action?.value ?? action?.selected_option?.value ?? action?.action_id
  if (body.type !== 'block_actions' || !isPlace(channel) || typeof user !== 'string' || typeof body.trigger_id !== 'string' || typeof value !== 'string') {
    return { kind: 'nothing', reason: 'a press of a kind we never offer' }
  }
  const thread = isTimestamp(body.container?.thread_ts) && body.container.thread_ts !== body.container.message_ts ? body.container.thread_ts : undefined
  const message: IncomingMessage = {
    id: `press-${body.trigger_id}` as PlatformMessageId, chat: chatRefOf(channel, thread, account, names), sender: { id: senderIdOf(user, body.user?.team_id, self.home) },
    sentAt: now, text: wordsOfButton(value) ?? `callback_data: ${value}`, attachments: [], mentioned: 'yes',
  }
  if (isTimestamp(body.container?.message_ts)) message.quoted = { id: body.container.message_ts as PlatformMessageId, fromUs: true }
  return { kind: 'message', message, files: [] }
}

export interface SlackReaction { user?: string; reaction?: string; item?: { type?: string; channel?: string; ts?: string } }

export function understandReaction(event: SlackReaction, removed: boolean, self: Self, account: AccountId, names: Names): Understood {
  const { user, reaction, item } = event
  if (user === self.user) return { kind: 'nothing', reason: 'our own reaction' }
  if (typeof user !== 'string' || typeof reaction !== 'string' || item?.type !== 'message' || !isPlace(item.channel) || !isTimestamp(item.ts)) return { kind: 'nothing', reason: 'a reaction to something else' }
  const sender: Sender = { id: user as SenderId }
  const name = names.user(user)
  if (name !== undefined) sender.name = name
  return { kind: 'notice', notice: { kind: 'reaction', chat: chatRefOf(item.channel, undefined, account, names), message: item.ts as PlatformMessageId, sender, emoji: emojiOf(reaction), removed } }
}
