import type { AccountId, ChannelId, ChatId, ChatRef, ThreadId } from '@moltbot/contract'
import { defaultAccount, Problem } from '@moltbot/contract'
import Type from 'typebox'
import type { DeliveryRow } from '../../journey/outbox/types.ts'
import { defineMethod } from '../method.ts'
import type { Rooms } from '../rooms.ts'
import { givenFiles } from '../wire/given-files.ts'
import { ownWayIn } from '../wire/history.ts'
import { closed, ignored, MaybeWord, Word } from '../wire/params.ts'
import { runIdOf } from '../wire/chat-send.ts'
import { sessionFor } from '../wire/session-key.ts'

export const send = defineMethod({
  name: 'send',
  scope: 'operator.write',
  summary: 'Sends a message to a chat of a channel; answers once the network confirmed it.',
  params: closed({
    to: Word,
    message: Type.Optional(Type.String()),
    /** Absent: the only network that is switched on. */
    channel: Type.Optional(Type.String()),
    accountId: Type.Optional(Type.String()),
    threadId: Type.Optional(Type.Union([Type.String(), Type.Number()])),
    /** The words are also put into this session's transcript. */
    sessionKey: MaybeWord,
    idempotencyKey: MaybeWord,
    mediaUrl: Type.Optional(Type.String()),
    mediaUrls: Type.Optional(Type.Array(Type.String())),
    /** A file as base64. With a file `message` may be absent. */
    buffer: Type.Optional(Type.String()),
    filename: Type.Optional(Type.String({ maxLength: 1_000 })),
    contentType: Type.Optional(Type.String({ maxLength: 200 })),
    /** Sound is shown as recorded speech. */
    asVoice: Type.Optional(Type.Boolean()),
    ...ignored('gifPlayback', 'agentId', 'replyToId', 'forceDocument', 'silent', 'parseMode'),
  }),
  /** `filesLeftOut`: so many files the network does not take; sentences that say so went instead. */
  result: Type.Object({ runId: Type.String(), messageId: Type.String(), channel: Type.String(), chatId: Type.String(), resent: Type.Boolean(), filesLeftOut: Type.Optional(Type.Integer()) }),
  async handle(params, rooms, caller) {
    const text = params.message ?? ''
    if (text.trim() === '' && params.buffer === undefined && params.mediaUrl === undefined && (params.mediaUrls ?? []).length === 0) throw new Problem('message-empty', 'message required')
    const runId = runIdOf(rooms, params.idempotencyKey)
    const chat = await placeOf(rooms, params)
    // Nobody opens this account: the words would wait for ever.
    if (!rooms.connections.status().some((status) => status.channel === chat.channel && status.account === chat.account && status.configured)) {
      throw new Problem('channel-off', `${chat.channel} is not set up here.`, { next: 'Add its login (moltbot onboard), then send again.' })
    }
    const { fetchFile } = rooms
    const files = await givenFiles(params, fetchFile === undefined ? undefined : (url) => fetchFile(url, caller.principal))
    const parts = files.length === 0 ? [{ markdown: text }] : files.map((file, index) => ({ markdown: index === 0 ? text : '', file }))
    const deliveries: DeliveryRow[] = []
    for (const [index, part] of parts.entries()) {
      deliveries.push(await rooms.outbox.send({ chat, ...part, principal: caller.principal.id, key: index === 0 ? runId : `${runId}/${index}` }))
      if (deliveries.at(-1)?.state !== 'sent') break
    }
    const delivery = deliveries.at(-1) as DeliveryRow
    if (delivery.state !== 'sent') {
      throw new Problem('send-failed', delivery.error ?? 'The message could not be sent.', {
        next: delivery.state === 'ambiguous' ? 'It may have arrived: look into the chat before sending it again.' : 'See channels.status.',
      })
    }
    if (params.sessionKey !== undefined) await mirror(rooms, params.sessionKey, [text, ...files.map(({ fileName }) => `[sent the file ${fileName}]`)].filter((line) => line !== '').join('\n'))
    const leftOut = files.length === 0 ? 0 : deliveries.filter(({ file }) => file === undefined).length
    return { runId, messageId: delivery.platformId ?? '', channel: chat.channel, chatId: chat.chat, resent: deliveries.some(({ resent }) => resent), ...(leftOut === 0 ? {} : { filesLeftOut: leftOut }) }
  },
})

/** The chat meant. One we know from a session keeps its kind; of any other we only know what the caller said. */
async function placeOf(rooms: Rooms, params: { to: string; channel?: string; accountId?: string; threadId?: string | number }): Promise<ChatRef> {
  const channel = channelOf(rooms, params.channel)
  const account = (params.accountId === undefined || params.accountId === '' ? accountOf(rooms, channel) : params.accountId) as AccountId
  const chat = params.to.trim() as ChatId
  const thread = params.threadId === undefined ? undefined : (String(params.threadId) as ThreadId)
  const known = (await rooms.sessions.list()).find(({ lastChat }) => lastChat?.channel === channel && lastChat.account === account && lastChat.chat === chat)?.lastChat
  return { channel, account, chat, kind: known?.kind ?? 'direct', ...(thread === undefined ? {} : { thread }) }
}

function channelOf(rooms: Rooms, given: string | undefined): ChannelId {
  const wanted = given?.trim().toLowerCase() ?? ''
  if (wanted !== '') {
    const channel = rooms.channels.find((known) => known.id === wanted)
    if (channel === undefined) throw new Problem('channel-unsupported', `unsupported channel: ${wanted}.`, { next: 'See channels.status for the channels of this gateway.' })
    return channel.id
  }
  const networks = [...new Set(rooms.connections.status().filter((status) => status.enabled && status.configured && !ownWayIn(rooms, status.channel)).map((status) => status.channel))]
  const only = networks[0]
  if (only === undefined || networks.length > 1) throw new Problem('channel-needed', 'channel required.', { next: `Say which: ${networks.join(', ') || 'no network is set up yet'}.` })
  return only
}

function accountOf(rooms: Rooms, channel: ChannelId): AccountId {
  const accounts = rooms.connections.status().filter((status) => status.channel === channel).map((status) => status.account)
  return accounts.includes(defaultAccount) ? defaultAccount : accounts[0] ?? defaultAccount
}

async function mirror(rooms: Rooms, given: string, text: string): Promise<void> {
  const key = sessionFor(rooms, given)
  if ((await rooms.sessions.get(key)) !== undefined) await rooms.sessions.inject(key, text, undefined)
}
