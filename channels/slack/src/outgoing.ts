import type { WebClient } from '@slack/web-api'
import { Problem, SendProblem, type ChannelHost, type ChatId, type ChatRef, type Connection, type OutgoingFile, type OutgoingMessage, type PlatformMessageId, type SenderId, type HealthKeeper } from '@moltbot/contract'
import { wordsWithButtons } from './buttons.ts'
import type { SlackConfig } from './config.ts'
import { emojiName } from './emoji.ts'
import { describeFailure, ForeignAnswer, helpFor, readFailure, toSendProblem } from './failures.ts'
import type { Self, SlackMessage } from './incoming.ts'
import { renderText } from './mrkdwn.ts'
import { isPlace, isTimestamp, slackId, timestampAt, userOf } from './slack-id.ts'
import type { Uploads } from './uploads.ts'

/** Which messages were already answered in a thread is remembered for this many. */
const threadsKept = 500
/** How far history is looked through for a message of ours. */
const historyPage = 100
/** Messages of ours carry the key of their delivery under this name; only apps see it. */
const deliveryEvent = 'moltbot_delivery'
const gone = new Set(['message_not_found', 'no_item_specified'])

type Sending = Required<Pick<Connection, 'send' | 'edit' | 'remove' | 'react' | 'pin' | 'unpin' | 'typing' | 'openDirect' | 'findSent' | 'groups'>>

export interface OutgoingOptions { api: WebClient; host: ChannelHost; config: SlackConfig; self: Self; health: HealthKeeper; uploads: Uploads; isClosed(): boolean }

/** Everything that goes from us to Slack's chats. */
export function createOutgoing({ api, host, config, self, health, uploads, isClosed }: OutgoingOptions): Sending {
  /** Message that was answered in its thread → key of the part that did. */
  const answeredBy = new Map<string, string>()
  let showsStatus = true

  /** The thread an answer goes to because of what it answers. */
  function threadFor(chat: ChatRef, message: OutgoingMessage): string | undefined {
    const target = message.replyTo
    const mode = config.replyToModeByChatType[chat.kind === 'direct' ? 'direct' : 'group'] ?? config.replyToMode
    if (mode === 'off' || !isTimestamp(target)) return undefined
    if (mode === 'first') {
      const first = answeredBy.get(target)
      // The same part sent again after an uncertain failure goes to the same place.
      if (first !== undefined && first !== message.key) return undefined
      answeredBy.set(target, message.key)
      const oldest = answeredBy.size > threadsKept ? answeredBy.keys().next().value : undefined
      if (oldest !== undefined) answeredBy.delete(oldest)
    }
    return target
  }

  /** Runs one call that has an effect; whatever goes wrong becomes a `SendProblem`. `main`: what the account is for, so that a missing right needs a person. */
  async function effect<T>(wish: AbortSignal, call: () => Promise<T>, main = false): Promise<T> {
    if (isClosed()) throw new SendProblem('not-sent', 'The Slack connection is closed.')
    if (wish.aborted) throw new SendProblem('not-sent', 'The send was called off.')
    let stop = (): void => {}
    try {
      const calling = call()
      calling.catch(() => undefined) // Called off meanwhile: what became of it nobody hears.
      const calledOff = new Promise<never>((_, reject) => {
        stop = () => reject(new SendProblem('unknown', 'The send was called off while it was under way.'))
        wish.addEventListener('abort', stop, { once: true })
      })
      const result = await Promise.race([calling, calledOff])
      health.works()
      return result
    } catch (error) {
      if (error instanceof SendProblem) throw error
      const failure = readFailure(error)
      const help = helpFor(failure, 'bot')
      if (help !== undefined && (main || failure.kind !== 'answer' || failure.code !== 'missing_scope')) health.needsYou(help.reason, help.action, 'works')
      if (help !== undefined && !main && failure.kind === 'answer' && failure.code === 'missing_scope') throw new SendProblem('never', help.reason, { cause: error })
      const problem = toSendProblem(error)
      if (problem.retryAfterMs !== undefined) health.throttled(problem.retryAfterMs)
      throw problem
    } finally {
      wish.removeEventListener('abort', stop)
    }
  }

  const refusal = (error: unknown): string | undefined => {
    const failure = readFailure(error)
    return failure.kind === 'answer' ? failure.code : undefined
  }

  async function post(chat: ChatRef, message: OutgoingMessage, thread: string | undefined): Promise<PlatformMessageId> {
    if (message.file !== undefined) return postFile(chat, message, message.file, thread)
    const text = textOf(message.markdown)
    const answer = await api.chat.postMessage({
      channel: placeOf(chat), text, ...(message.buttons === undefined ? {} : { blocks: wordsWithButtons(text, message.buttons) }), ...(thread === undefined ? {} : { thread_ts: thread }),
      unfurl_links: config.linkPreview, unfurl_media: config.linkPreview, link_names: false,
      metadata: { event_type: deliveryEvent, event_payload: { key: message.key } },
    })
    return idOf(answer.ts)
  }

  async function postFile(chat: ChatRef, { key, markdown, buttons }: OutgoingMessage, file: OutgoingFile, thread: string | undefined): Promise<PlatformMessageId> {
    const channel = placeOf(chat)
    const text = markdown.trim() === '' ? '' : textOf(markdown)
    const id = idOf(await uploads.send({ key, file, text, channel, thread }))
    if (buttons === undefined) return id
    try {
      await api.chat.update({ channel, ts: id, text, blocks: wordsWithButtons(text, buttons) })
    } catch (error) {
      // The words say the same without them, and the message stands.
      host.log.warn('slack: buttons could not be put under a file', { reason: describeFailure(readFailure(error)) })
    }
    return id
  }

  /** Our message of that key among these; pages show the key only when asked for. */
  const withKey = (messages: readonly SlackMessage[], key: string): string | undefined =>
    messages.find((message) => message.metadata?.event_type === deliveryEvent && message.metadata.event_payload?.['key'] === key)?.ts

  async function findInThread(channel: string, thread: string, key: string, oldest: string): Promise<string | undefined> {
    let cursor: string | undefined
    do {
      const page = await api.conversations.replies({ channel, ts: thread, oldest, limit: historyPage, include_all_metadata: true, ...(cursor === undefined ? {} : { cursor }) })
      const found = withKey((page.messages ?? []) as SlackMessage[], key)
      if (found !== undefined) return found
      cursor = page.response_metadata?.next_cursor
    } while (cursor !== undefined && cursor !== '')
    return undefined
  }

  return {
    send: (chat, message, wish) =>
      effect(wish, async () => {
        const answered = chat.thread === undefined ? threadFor(chat, message) : undefined
        try {
          return await post(chat, message, chat.thread ?? answered)
        } catch (error) {
          // What it answers is gone; the answer is not.
          const code = answered === undefined ? undefined : refusal(error)
          if (code !== 'thread_not_found' && code !== 'invalid_thread_ts' && code !== 'message_not_found') throw error
          return post(chat, message, undefined)
        }
        // An app that may not upload still does what it is for.
      }, message.file === undefined),
    edit: (chat, id, message, wish) =>
      effect(wish, async () => {
        const text = textOf(message.markdown)
        // Without a word about them Slack would leave the buttons of before.
        const answer = await api.chat.update({ channel: placeOf(chat), ts: id, text, blocks: message.buttons === undefined ? [] : wordsWithButtons(text, message.buttons) })
        if (answer.ok !== true) throw new ForeignAnswer()
      }),
    remove: (chat, id, wish) =>
      effect(wish, async () => {
        try {
          await api.chat.delete({ channel: placeOf(chat), ts: id })
        } catch (error) {
          if (!gone.has(refusal(error) ?? '')) throw error
        }
      }),
    react: (chat, id, emoji, wish) =>
      effect(wish, async () => {
        const channel = placeOf(chat)
        const name = emoji === '' ? '' : emojiName(emoji)
        if (name === undefined) throw new SendProblem('never', `Slack has no name for ${emoji.slice(0, 20)} that is known here.`)
        const { message } = await api.reactions.get({ channel, timestamp: id, full: true })
        for (const { name: old, users } of message?.reactions ?? []) {
          if (old !== undefined && old !== name && users?.includes(self.user) === true) await unlessSo('no_reaction', () => api.reactions.remove({ channel, timestamp: id, name: old }))
        }
        if (name !== '') await unlessSo('already_reacted', () => api.reactions.add({ channel, timestamp: id, name }))
      }),
    pin: (chat, id, wish) => effect(wish, () => unlessSo('already_pinned', () => api.pins.add({ channel: placeOf(chat), timestamp: id }))),
    unpin: (chat, id, wish) => effect(wish, () => unlessSo('no_pin', () => api.pins.remove({ channel: placeOf(chat), timestamp: id }))),
    async typing(chat) {
      // Slack shows a sign of work only in threads.
      if (isClosed() || !showsStatus || chat.thread === undefined) return
      try {
        await api.assistant.threads.setStatus({ channel_id: placeOf(chat), thread_ts: chat.thread, status: 'is thinking…' })
      } catch (error) {
        // A sign of life that does not arrive is not worth a word; one the app may not give is not tried again.
        showsStatus = refusal(error) === undefined
      }
    },
    async findSent(chat, key, since) {
      const channel = placeOf(chat)
      const upload = await uploads.find(key)
      if (upload.kind !== 'none') return upload.kind === 'sent' ? idOf(upload.id) : undefined
      // A minute for clocks that differ.
      const oldest = timestampAt(since - 60_000)
      if (chat.thread !== undefined) return (await findInThread(channel, chat.thread, key, oldest)) as PlatformMessageId | undefined
      const page = await api.conversations.history({ channel, limit: historyPage, include_all_metadata: true })
      const messages = (page.messages ?? []) as SlackMessage[]
      const found = withKey(messages, key)
      if (found !== undefined) return found as PlatformMessageId
      for (const { ts, latest_reply: latest } of messages) {
        // It may have become an answer in a thread.
        const inThread = ts !== undefined && latest !== undefined && latest >= oldest ? await findInThread(channel, ts, key, oldest) : undefined
        if (inThread !== undefined) return inThread as PlatformMessageId
      }
      const first = messages.at(-1)?.ts
      if (page.has_more === true && first !== undefined && first > oldest) {
        throw new Problem('slack-history-unclear', 'Slack’s history does not tell whether this message was sent.', { next: 'Look into the chat.' })
      }
      return undefined
    },
    async openDirect(sender: SenderId) {
      const user = userOf(sender)
      if (user === undefined) throw new SendProblem('never', 'On Slack only people can be written to directly.')
      return effect(new AbortController().signal, async () => {
        const { channel } = await api.conversations.open({ users: user })
        if (!isPlace(channel?.id)) throw new ForeignAnswer()
        return { channel: slackId, account: host.account, chat: channel.id as ChatId, kind: 'direct' }
      })
    },
    async groups() {
      try {
        const found: { chat: ChatId; title: string; members: number }[] = []
        let cursor: string | undefined
        do {
          const page = await api.users.conversations({ types: 'public_channel,private_channel,mpim', exclude_archived: true, limit: 200, ...(cursor === undefined ? {} : { cursor }) })
          for (const { id, name, num_members: members } of (page.channels ?? []) as { id?: string; name?: string; num_members?: number }[]) if (isPlace(id)) found.push({ chat: id as string as ChatId, title: name ?? '', members: members ?? 0 })
          cursor = page.response_metadata?.next_cursor
        } while (cursor !== undefined && cursor !== '')
        return found
      } catch (error) {
        throw new Problem('slack-unreachable', describeFailure(readFailure(error)), { next: 'Try again in a moment; the scopes channels:read and groups:read are needed.', cause: error })
      }
    },
  }

  /** A call that finds things as they should be has succeeded. */
  async function unlessSo(code: string, call: () => Promise<unknown>): Promise<void> {
    try {
      await call()
    } catch (error) {
      if (refusal(error) !== code) throw error
    }
  }
}

function placeOf(chat: ChatRef): string {
  if (!isPlace(chat.chat)) throw new SendProblem('never', 'This is no place on Slack.')
  if (chat.thread !== undefined && !isTimestamp(chat.thread)) throw new SendProblem('never', 'This is no thread on Slack.')
  return chat.chat
}

function textOf(markdown: string): string {
  if (markdown.trim() === '') throw new SendProblem('never', 'There are no words in this message.')
  return renderText(markdown)
}

/** The id of what Slack says is there now. Another answer leaves it open whether it is. */
function idOf(timestamp: unknown): PlatformMessageId {
  if (!isTimestamp(timestamp)) throw new ForeignAnswer()
  return timestamp as string as PlatformMessageId
}
