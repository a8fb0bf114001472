import { createHash } from 'node:crypto'
import type { API, APIMessage } from '@discordjs/core/http-only'
import {
  describeError, Problem, SendProblem, type ChannelHost, type ChatId, type ChatRef, type Connection, type DeliveryKey, type HealthKeeper, type OutgoingFile, type OutgoingMessage, type PlatformMessageId, type SenderId,
} from '@moltbot/contract'
import { buttonRows, type ButtonRow } from './buttons.ts'
import type { DiscordConfig } from './config.ts'
import { discordId, isSnowflake, snowflakeAt } from './discord-id.ts'
import { describeFailure, ForeignAnswer, readFailure, toSendProblem } from './failures.ts'
import { renderContent } from './markdown.ts'
import { readVoice } from './voice.ts'

const nonceLengthMax = 25
/** Which messages were already quoted is remembered for this many. */
const quotesKept = 500
const typingPatienceMs = 5_000
/** How far history is looked through for a message of ours. */
const historyPage = 100
const suppressEmbeds = 1 << 2
const suppressNotifications = 1 << 12
const voiceMessage = 1 << 13
const unknownMessage = 10_008
/** Servers whose channels are listed; a bot of a household is in a few. */
const guildsListed = 50
/** Discord's numbers for channels people write in: words, voice, announcements, a stage, a forum, media. Its own enumeration would load the SDK's types as code. */
const wordChannels = new Set<number>([0, 2, 5, 13, 15, 16])
const pollAnswersMax = 10
const pollHours = 24

type Sending = Required<Pick<Connection, 'send' | 'edit' | 'remove' | 'react' | 'pin' | 'unpin' | 'poll' | 'sticker' | 'typing' | 'openDirect' | 'findSent' | 'groups'>>
type Failing = (error: unknown) => { code: number } | undefined

export interface OutgoingOptions { api: API; host: ChannelHost; config: DiscordConfig; self: { id: string }; health: HealthKeeper; isClosed(): boolean }

/** Everything that goes from us to Discord's chats. */
export function createOutgoing({ api, host, config, self, health, isClosed }: OutgoingOptions): Sending {
  /** Message that was quoted → key of the part that quoted it. */
  const quotedBy = new Map<string, string>()

  function reference(message: OutgoingMessage): { message_reference?: { message_id: string; fail_if_not_exists: false } } {
    const target = message.replyTo
    if (config.replyToMode === 'off' || target === undefined || !/^\d{1,20}$/.test(target)) return {}
    if (config.replyToMode === 'first') {
      const first = quotedBy.get(target)
      // The same part sent again after an uncertain failure quotes again.
      if (first !== undefined && first !== message.key) return {}
      quotedBy.set(target, message.key)
      const oldest = quotedBy.size > quotesKept ? quotedBy.keys().next().value : undefined
      if (oldest !== undefined) quotedBy.delete(oldest)
    }
    return { message_reference: { message_id: target, fail_if_not_exists: false } }
  }

  /** Runs one call that has an effect; whatever goes wrong becomes a `SendProblem`. */
  async function effect<T>(wish: AbortSignal, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (isClosed()) throw new SendProblem('not-sent', 'The Discord connection is closed.')
    if (wish.aborted) throw new SendProblem('not-sent', 'The send was called off.')
    try {
      // A signal of its own for each call: the SDK never stops listening to the one it is given.
      return await call(AbortSignal.any([wish]))
    } catch (error) {
      if (error instanceof SendProblem) throw error
      const problem = toSendProblem(error)
      if (problem.retryAfterMs !== undefined) health.throttled(problem.retryAfterMs)
      throw problem
    }
  }

  const answered: Failing = (error) => {
    const failure = readFailure(error)
    return failure.kind === 'answer' ? failure : undefined
  }

  const flagsOf = (message: OutgoingMessage): number => (config.linkPreview ? 0 : suppressEmbeds) | (message.silent === true ? suppressNotifications : 0)

  return {
    send: (chat, message, wish) =>
      effect(wish, async (signal) => {
        const attached = message.file === undefined ? undefined : await attach(message.file, message.markdown === '' && message.buttons === undefined)
        const sent = await api.channels.createMessage(placeOf(chat), {
          ...(attached !== undefined && message.markdown.trim() === '' ? {} : { content: contentOf(message.markdown) }), ...attached?.body, ...rowsOf(message),
          ...nonceOf(message.key), ...reference(message), flags: flagsOf(message) | (attached?.flags ?? 0),
          // Whatever the words say, nobody is called: no @everyone, no role, no person.
          allowed_mentions: { parse: [], replied_user: false },
        }, { signal })
        return idOf(sent)
      }),
    edit: (chat, id, message, wish) =>
      effect(wish, async (signal) => {
        // Without a word about them Discord would leave the buttons of before.
        const change = { content: contentOf(message.markdown), components: [], ...rowsOf(message), allowed_mentions: { parse: [] } }
        idOf(await api.channels.editMessage(placeOf(chat), id, change, { signal }))
      }),
    remove: (chat, id, wish) =>
      effect(wish, async (signal) => {
        try {
          await api.channels.deleteMessage(placeOf(chat), id, { signal })
        } catch (error) {
          if (answered(error)?.code !== unknownMessage) throw error
        }
      }),
    react: (chat, id, emoji, wish) =>
      effect(wish, async (signal) => {
        const before = await api.channels.getMessage(placeOf(chat), id, { signal })
        for (const { me, emoji: old } of before.reactions ?? []) {
          const name = old.id === null ? (old.name ?? '') : `${old.name ?? '_'}:${old.id}`
          if (me && name !== emoji) await api.channels.deleteOwnMessageReaction(placeOf(chat), id, name, { signal })
        }
        if (emoji !== '') await api.channels.addMessageReaction(placeOf(chat), id, emoji, { signal })
      }),
    pin: (chat, id, wish) => effect(wish, (signal) => api.rest.put(pinOf(chat, id), { signal }).then(() => undefined)),
    unpin: (chat, id, wish) =>
      effect(wish, async (signal) => {
        try {
          await api.rest.delete(pinOf(chat, id), { signal })
        } catch (error) {
          if (answered(error)?.code !== unknownMessage) throw error
        }
      }),
    poll: (chat, poll, wish) =>
      effect(wish, async (signal) => {
        if (poll.options.length < 1 || poll.options.length > pollAnswersMax) throw new SendProblem('never', `A poll on Discord has 1 to ${pollAnswersMax} answers.`)
        const sent = await api.channels.createMessage(placeOf(chat), {
          ...nonceOf(poll.key),
          poll: {
            question: { text: poll.question.slice(0, 300) }, answers: poll.options.map((text) => ({ poll_media: { text: text.slice(0, 55) } })),
            duration: pollHours, allow_multiselect: false,
          },
        }, { signal })
        return idOf(sent)
      }),
    sticker: (chat, { key, name }, wish) =>
      effect(wish, async (signal) => {
        const place = await api.channels.get(placeOf(chat), { signal })
        const guild = 'guild_id' in place ? place.guild_id : undefined
        const wanted = name?.trim().toLowerCase()
        const found = guild === undefined || wanted === undefined ? undefined : (await api.guilds.getStickers(guild, { signal })).find((sticker) => sticker.id === wanted || sticker.name.toLowerCase() === wanted)
        if (found === undefined) throw new SendProblem('never', guild === undefined ? 'On Discord a bot sends stickers of a server, in that server.' : 'On Discord a sticker is one of this server, told by its name or id, and there is none like this.')
        const sent = await api.channels.createMessage(placeOf(chat), { ...nonceOf(key), sticker_ids: [found.id] }, { signal })
        return idOf(sent)
      }),
    async typing(chat) {
      if (isClosed()) return
      const controller = new AbortController()
      const cancel = host.clock.after(typingPatienceMs, () => controller.abort())
      try {
        await api.channels.showTyping(placeOf(chat), { signal: controller.signal })
      } catch {
        // A sign of life that does not arrive is not worth a word.
      } finally {
        cancel()
      }
    },
    async findSent(chat, key, since) {
      // A minute for clocks that differ.
      const page = await api.channels.getMessages(placeOf(chat), { after: snowflakeAt(since - 60_000), limit: historyPage })
      const ours = page.filter((message) => message.author.id === self.id)
      const { nonce } = nonceOf(key)
      const found = ours.find((message) => message.nonce !== undefined && String(message.nonce) === nonce)
      if (found !== undefined) return found.id as PlatformMessageId
      if (page.length >= historyPage || ours.some((message) => message.nonce === undefined)) {
        throw new Problem('discord-history-unclear', 'Discord’s history does not tell whether this message was sent.', { next: 'Look into the chat.' })
      }
      return undefined
    },
    async openDirect(sender: SenderId) {
      if (!isSnowflake(sender)) throw new SendProblem('never', 'On Discord only people can be written to directly.')
      return effect(new AbortController().signal, async () => {
        const channel = await api.users.createDM(sender)
        if (!isSnowflake(channel?.id)) throw new ForeignAnswer()
        return { channel: discordId, account: host.account, chat: channel.id as ChatId, kind: 'direct' }
      })
    },
    async groups(signal) {
      try {
        const found: { chat: ChatId; title: string; members: number }[] = []
        for (const guild of (await api.users.getGuilds({ limit: 200, with_counts: true }, { signal })).slice(0, guildsListed)) {
          for (const channel of await api.guilds.getChannels(guild.id, { signal })) {
            if (wordChannels.has(channel.type) && isSnowflake(channel.id)) found.push({ chat: channel.id as ChatId, title: `${guild.name} / #${channel.name ?? channel.id}`, members: guild.approximate_member_count ?? 0 })
          }
        }
        return found
      } catch (error) {
        throw new Problem('discord-unreachable', describeFailure(readFailure(error)), { next: 'Try again in a moment.', cause: error })
      }
    },
  }
}

/** Where a message is written to: for Discord a thread is a channel. */
function placeOf(chat: ChatRef): string {
  const id = chat.thread ?? chat.chat
  // It becomes part of an address: anything but a number must not get there.
  if (!isSnowflake(id)) throw new SendProblem('never', 'This is no place on Discord.')
  return id
}

/** The SDK still asks at the address that Discord gives up. */
function pinOf(chat: ChatRef, id: PlatformMessageId): `/${string}` {
  if (!isSnowflake(id)) throw new SendProblem('never', 'This is no message on Discord.')
  return `/channels/${placeOf(chat)}/messages/pins/${id}`
}

function contentOf(markdown: string): string {
  if (markdown.trim() === '') throw new SendProblem('never', 'There are no words in this message.')
  return renderContent(markdown)
}

/** Discord takes a nonce of 25 characters, and for some minutes makes one message of two with the same. */
function nonceOf(key: DeliveryKey): { nonce: string; enforce_nonce: true } {
  const nonce = key.length <= nonceLengthMax ? key : createHash('sha256').update(key).digest('hex').slice(0, nonceLengthMax)
  return { nonce, enforce_nonce: true }
}

function rowsOf({ buttons }: OutgoingMessage): { components?: ButtonRow[] } {
  return buttons === undefined ? {} : { components: buttonRows(buttons) }
}

interface Attached {
  body: { files: { name: string; data: Uint8Array; contentType: string }[]; attachments?: { id: string; filename: string; duration_secs: number; waveform: string }[] }
  flags: number
}

/** A file as the SDK takes it. Recorded speech that stands alone becomes one of Discord's voice messages, which take no words; with words it is a sound to play. */
async function attach(file: OutgoingFile, alone: boolean): Promise<Attached> {
  let data: Uint8Array
  try {
    data = await file.bytes()
  } catch (error) {
    if (error instanceof SendProblem) throw error
    throw new SendProblem('never', describeError(error), { cause: error })
  }
  const files = [{ name: file.fileName, data, contentType: file.mimeType }]
  const voice = file.kind === 'voice' && alone ? readVoice(data) : undefined
  if (voice === undefined) return { body: { files }, flags: 0 }
  return { body: { files, attachments: [{ id: '0', filename: file.fileName, duration_secs: voice.seconds, waveform: voice.waveform }] }, flags: voiceMessage }
}

/** The id of what Discord says is there now. Another answer leaves it open whether it is. */
function idOf(message: APIMessage): PlatformMessageId {
  if (!isSnowflake(message?.id)) throw new ForeignAnswer()
  return message.id as PlatformMessageId
}
