import { SendProblem, type ChannelHost, type ChatId, type ChatRef, type Connection, type OutgoingButton, type OutgoingFile, type OutgoingMessage, type PlatformMessageId, type SenderId, type ThreadId } from '@moltbot/contract'
import type { TelegramConfig } from './config.ts'
import { readFailure, toSendProblem } from './failures.ts'
import type { HealthKeeper } from './health.ts'
import { renderText } from './html.ts'
import { saysMark, telegramId } from './incoming.ts'
import type { Stickers } from './stickers.ts'
import { grammySignal, type Api } from './telegram-api.ts'
import { asDocument, captionLengthMax, waysFor, type Upload, type Way } from './upload.ts'

/** Which answers were already quoted is remembered for this many messages. */
const quotesKept = 500
const typingPatienceMs = 5_000
const pollAnswersMin = 2
const pollAnswersMax = 10

type Sending = Required<Pick<Connection, 'send' | 'edit' | 'remove' | 'react' | 'pin' | 'unpin' | 'poll' | 'sticker' | 'typing' | 'openDirect'>>

export interface OutgoingOptions { api: Api; upload: Upload; host: ChannelHost; config: TelegramConfig; health: HealthKeeper; stickers: Stickers; isClosed(): boolean }

/** Everything that goes from us to Telegram's chats. */
export function createOutgoing({ api, upload, host, config, health, stickers, isClosed }: OutgoingOptions): Sending {
  /** Message that was quoted → key of the part that quoted it. */
  const quotedBy = new Map<string, string>()
  const preview = config.linkPreview ? {} : { link_preview_options: { is_disabled: true } }

  function replyParameters(chat: ChatRef, message: OutgoingMessage): { reply_parameters?: { message_id: number; allow_sending_without_reply: true } } {
    const target = message.replyTo === undefined ? Number.NaN : Number(message.replyTo)
    if (config.replyToMode === 'off' || !Number.isSafeInteger(target)) return {}
    if (config.replyToMode === 'first') {
      const place = `${chat.chat}/${message.replyTo ?? ''}`
      const first = quotedBy.get(place)
      // The same part sent again after an uncertain failure quotes again.
      if (first !== undefined && first !== message.key) return {}
      quotedBy.set(place, message.key)
      const oldest = quotedBy.size > quotesKept ? quotedBy.keys().next().value : undefined
      if (oldest !== undefined) quotedBy.delete(oldest)
    }
    return { reply_parameters: { message_id: target, allow_sending_without_reply: true } }
  }

  /** Runs one call that has an effect; whatever goes wrong becomes a `SendProblem`. */
  async function effect<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    if (isClosed()) throw new SendProblem('not-sent', 'The Telegram connection is closed.')
    if (signal.aborted) throw new SendProblem('not-sent', 'The send was called off.')
    try {
      return await call()
    } catch (error) {
      if (error instanceof SendProblem) throw error
      const problem = toSendProblem(error)
      if (problem.retryAfterMs !== undefined) health.throttled(problem.retryAfterMs)
      throw problem
    }
  }

  /** The rendered form when it fits, and as a fallback the words as they are. */
  async function withText<T>(markdown: string, call: (text: string, mode: { parse_mode?: 'HTML' }) => Promise<T>, lengthMax?: number): Promise<T> {
    if (markdown.trim() === '') throw new SendProblem('never', 'There are no words in this message.')
    const { text, ...mode } = renderText(markdown, lengthMax)
    try {
      return await call(text, mode)
    } catch (error) {
      const failure = readFailure(error)
      if (mode.parse_mode === undefined || failure.kind !== 'answer' || failure.code !== 400 || !/can't parse entities|entity|tag/i.test(failure.description)) throw error
      host.log.warn('telegram: rendered text was refused; sent as plain text', { description: failure.description })
      return call(markdown, {})
    }
  }

  async function send(chat: ChatRef, message: OutgoingMessage, signal: AbortSignal): Promise<PlatformMessageId> {
    const options = { ...replyParameters(chat, message), ...threadForSend(chat), ...(message.silent === true ? { disable_notification: true } : {}), ...keyboard(message.buttons) }
    const sendTo = (to: string | number): Promise<PlatformMessageId> =>
      message.file !== undefined ? sendFile(to, message.file, message.markdown, options, signal) : withText(message.markdown, async (text, mode) => {
        const sent = await api.sendMessage(to, text, { ...preview, ...options, ...mode }, grammySignal(signal))
        return String(sent.message_id) as PlatformMessageId
      })
    return effect(signal, async () => {
      try {
        return await sendTo(chat.chat)
      } catch (error) {
        const failure = readFailure(error)
        if (failure.kind !== 'answer' || failure.movedTo === undefined) throw error
        // The group became a supergroup: the same place under a new id, told by Telegram itself.
        host.notice({ kind: 'chat-moved', from: chat.chat, to: String(failure.movedTo) as ChatId })
        return sendTo(failure.movedTo)
      }
    })
  }

  /** The words of a message that is a file are its caption. */
  async function editCaption(chat: ChatRef, id: PlatformMessageId, caption: string, options: Parameters<Api['editMessageCaption']>[2], signal: AbortSignal): Promise<void> {
    await unlessSo(/message is not modified/i, () => api.editMessageCaption(chat.chat, Number(id), { caption, ...options }, grammySignal(signal)))
  }

  /** Shows a file in the best way Telegram takes it. What it refused was not sent, so that the next way is no repetition. */
  async function sendFile(to: string | number, file: OutgoingFile, markdown: string, options: Record<string, unknown>, signal: AbortSignal): Promise<PlatformMessageId> {
    const bytes = await file.bytes()
    const ways = waysFor(file)
    const sendBy = (way: Way, words: Record<string, unknown>): Promise<{ message_id: number }> =>
      upload(way, { chat_id: to, ...words, ...options }, { name: file.fileName, mimeType: file.mimeType, bytes }, signal)
    const showAs = async (way: Way): Promise<PlatformMessageId> => {
      const sent = await (markdown.trim() === '' ? sendBy(way, {}) : withText(markdown, (caption, mode) => sendBy(way, { caption, ...mode }), captionLengthMax))
      return String(sent.message_id) as PlatformMessageId
    }
    for (const way of ways.slice(0, -1)) {
      try {
        return await showAs(way)
      } catch (error) {
        const failure = readFailure(error)
        if (failure.kind !== 'answer' || failure.code !== 400 || !notShown.test(failure.description)) throw error
        host.log.debug('telegram: a file goes out as a document', { description: failure.description })
      }
    }
    return showAs(ways.at(-1) ?? asDocument)
  }

  /** A call that finds things as they should be has succeeded. */
  async function unlessSo(so: RegExp, call: () => Promise<unknown>): Promise<void> {
    try {
      await call()
    } catch (error) {
      const failure = readFailure(error)
      if (failure.kind !== 'answer' || !so.test(failure.description)) throw error
    }
  }

  return {
    send,
    edit: (chat, id, message, signal) =>
      effect(signal, () =>
        withText(message.markdown, async (text, mode) => {
          try {
            await api.editMessageText(chat.chat, Number(id), text, { ...preview, ...mode, ...keyboard(message.buttons) }, grammySignal(signal))
          } catch (error) {
            const failure = readFailure(error)
            if (failure.kind === 'answer' && /no text in the message/i.test(failure.description)) await editCaption(chat, id, text, { ...mode, ...keyboard(message.buttons) }, signal)
            else if (failure.kind !== 'answer' || !/message is not modified/i.test(failure.description)) throw error
          }
        }),
      ),
    remove: (chat, id, signal) =>
      effect(signal, () => unlessSo(/message to delete not found/i, () => api.deleteMessage(chat.chat, Number(id), grammySignal(signal)))),
    react: (chat, id, emoji, signal) =>
      effect(signal, async () => {
        // Telegram knows its hearts without the sign that asks for colour.
        const plain = emoji.replaceAll('\ufe0f', '')
        try {
          await api.setMessageReaction(chat.chat, Number(id), plain === '' ? [] : [{ type: 'emoji', emoji: plain as ReactionEmoji }], {}, grammySignal(signal))
        } catch (error) {
          const failure = readFailure(error)
          if (failure.kind !== 'answer') throw error
          if (/REACTION_INVALID/i.test(failure.description)) throw new SendProblem('never', 'Telegram does not have this emoji as a reaction; it has 👍, ❤, 🔥, 👀, 🎉 and about seventy others.', { cause: error })
          if (!/not modified/i.test(failure.description)) throw error
        }
      }),
    pin: (chat, id, signal) => effect(signal, () => unlessSo(/not.modified/i, () => api.pinChatMessage(chat.chat, Number(id), { disable_notification: true }, grammySignal(signal)))),
    unpin: (chat, id, signal) => effect(signal, () => unlessSo(/not.modified|message to unpin not found/i, () => api.unpinChatMessage(chat.chat, Number(id), {}, grammySignal(signal)))),
    poll: (chat, poll, signal) =>
      effect(signal, async () => {
        if (poll.options.length < pollAnswersMin || poll.options.length > pollAnswersMax) throw new SendProblem('never', `A poll on Telegram has ${pollAnswersMin} to ${pollAnswersMax} answers.`)
        const answers = poll.options.map((text) => ({ text: text.slice(0, 100).toWellFormed() }))
        const sent = await api.sendPoll(chat.chat, poll.question.slice(0, 300).toWellFormed(), answers, threadForSend(chat), grammySignal(signal))
        return String(sent.message_id) as PlatformMessageId
      }),
    sticker: (chat, { name }, signal) =>
      effect(signal, async () => {
        const [fileId, known] = await Promise.all([name === undefined ? undefined : stickers.find(chat.chat, name), stickers.known(chat.chat)]).catch((cause: unknown) => {
          throw new SendProblem('not-sent', 'It could not be read which stickers there are.', { cause })
        })
        if (fileId === undefined) {
          throw new SendProblem('never', `On Telegram a sticker is one that somebody sent into this chat before, told by its emoji. ${known.length === 0 ? 'Nobody sent one yet' : `There are: ${known.join(' ')}`}.`)
        }
        const sent = await api.sendSticker(chat.chat, fileId, threadForSend(chat), grammySignal(signal))
        return String(sent.message_id) as PlatformMessageId
      }),
    async typing(chat) {
      if (isClosed()) return
      const controller = new AbortController()
      const cancel = host.clock.after(typingPatienceMs, () => controller.abort())
      try {
        const thread = chat.thread === undefined ? {} : { message_thread_id: Number(chat.thread) }
        await api.sendChatAction(chat.chat, 'typing', thread, grammySignal(controller.signal))
      } catch {
        // A sign of life that does not arrive is not worth a word.
      } finally {
        cancel()
      }
    },
    async openDirect(sender: SenderId) {
      // Users have positive ids; groups and channels, which can also be senders, have negative ones.
      if (!/^[1-9]\d{0,15}$/.test(sender)) throw new SendProblem('never', 'On Telegram only people can be written to directly.')
      return { channel: telegramId, account: host.account, chat: sender as string as ChatId, kind: 'direct' }
    },
  }
}

type ReactionEmoji = Extract<Parameters<Api['setMessageReaction']>[2][number], { type: 'emoji' }>['emoji']

/** Telegram can't, or may not, show a file the way that was asked for. */
const notShown = /PHOTO_|IMAGE_PROCESS|VOICE_MESSAGES_FORBIDDEN|wrong (?:file )?type|wrong file|can't parse|unsupported|failed to get HTTP URL content|VIDEO_|AUDIO_|ANIMATION_/i

/** Up to three short answers beside each other, long ones below each other. An edit without buttons takes those away that were there. */
function keyboard(buttons: readonly OutgoingButton[] | undefined): { reply_markup?: { inline_keyboard: { text: string; callback_data: string }[][] } } {
  if (buttons === undefined || buttons.length === 0) return {}
  const keys = buttons.map(({ label, says }) => ({ text: label, callback_data: `${saysMark}${says}` }))
  const perRow = buttons.every(({ label }) => label.length <= 16) ? 3 : 1
  return { reply_markup: { inline_keyboard: Array.from({ length: Math.ceil(keys.length / perRow) }, (_, row) => keys.slice(row * perRow, (row + 1) * perRow)) } }
}

/** A forum's general topic has the number 1, and Telegram refuses to be told so. */
function threadForSend(chat: ChatRef): { message_thread_id?: number } {
  return chat.thread === undefined || chat.thread === ('1' as ThreadId) ? {} : { message_thread_id: Number(chat.thread) }
}
