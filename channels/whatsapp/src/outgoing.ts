import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash, randomBytes } from 'node:crypto'
import type { BinaryNode, WASocket, proto } from 'baileys'
import { Problem, SendProblem, describeError, type ChannelHost, type ChatRef, type Connection, type DeliveryKey, type OutgoingFile, type OutgoingMessage, type PlatformMessageId, type SenderId, type HealthKeeper } from '@moltbot/contract'
import { addressOf, isGroup, isPlace, personAddress, whatsappId } from './addresses.ts'
import type { WhatsAppConfig } from './config.ts'
import { statusOf, throttleMs } from './failures.ts'
import type { HandOver } from './hand-over.ts'
import type { Library } from './library.ts'
import type { Line } from './line.ts'
import { renderText } from './markdown.ts'
import type { SentMessages } from './sent-messages.ts'
import type { SteadySessions } from './steady-sessions.ts'
import { takesCaption, type Uploader } from './upload.ts'

/** WhatsApp confirms what it takes within moments; after this long nobody can tell. */
const confirmPatienceMs = 20_000
const probePatienceMs = 10_000
const quotesKept = 500
/** WhatsApp lets a message be edited this long. */
const editableMs = 15 * 60_000
const pollAnswersMax = 12
const pollAnswersMin = 2

type Sending = Required<Pick<Connection, 'send' | 'edit' | 'remove' | 'react' | 'poll' | 'sticker' | 'typing' | 'openDirect' | 'groups' | 'probe'>>
type Content = proto.IMessage

export interface Outgoing extends Sending {
  isOurs(id: string): boolean
  /** What a message of ours said, for a device that asks again. */
  contentOf(id: string): Content | undefined
}

export interface OutgoingOptions {
  host: ChannelHost
  library: Library
  config: WhatsAppConfig
  health: HealthKeeper
  uploader: Uploader
  sessions: SteadySessions
  sent: SentMessages
  line(): Line
  handOver(): HandOver
  isClosed(): boolean
}

/** Everything that goes from us to WhatsApp's chats. */
export function createOutgoing({ host, library, config, health, uploader, sessions, sent, line, handOver, isClosed }: OutgoingOptions): Outgoing {
  // The library finds an open transaction by the thread of calls: a send is on no thread but its own.
  const aside = AsyncLocalStorage.snapshot()
  /** Message that was quoted → key of the part that quoted it. */
  const quotedBy = new Map<string, string>()

  function liveSocket(wish?: AbortSignal): WASocket {
    if (isClosed()) throw new SendProblem('not-sent', 'The WhatsApp connection is closed.')
    if (wish?.aborted === true) throw new SendProblem('not-sent', 'The send was called off.')
    const socket = line().socket()
    if (socket === undefined) throw new SendProblem('not-sent', 'There is no connection to WhatsApp just now.')
    return socket
  }

  function placeOf(chat: ChatRef): string {
    // It becomes an address on the wire: anything but a person's or a group's must not get there.
    if (!isPlace(chat.chat)) throw new SendProblem('never', 'This is no place on WhatsApp.')
    return chat.chat
  }

  /** Sends one content, remembered before, and resolves once WhatsApp confirmed it. Whatever goes wrong becomes a `SendProblem`. */
  async function relay(chat: ChatRef, id: string, content: Content, wish: AbortSignal, more: { attributes?: Record<string, string>; nodes?: BinaryNode[] } = {}): Promise<void> {
    const place = placeOf(chat)
    const socket = liveSocket(wish)
    const confirmation = awaitConfirmation(socket, id)
    /** Once it is on the line it may arrive. */
    let begun = false
    let held: { open(): void } | undefined
    let notWritten = (): void => {}
    // The library looks at these last, within the transaction of the keys, right before the message is written to the line: there it waits for its keys to be
    // durable, and what it says with them.
    const nodes = { length: 1, *[Symbol.iterator]() {
      notWritten = sent.writeWith(socket.authState.keys)
      held = line().gate(socket)?.hold(() => {
        begun = true
      })
      yield* more.nodes ?? []
    } } as unknown as BinaryNode[]
    const lost = line().gone(socket).then(() => {
      throw new SendProblem(begun ? 'unknown' : 'not-sent', 'The connection to WhatsApp broke.')
    })
    lost.catch(() => {
      // Heard by whoever still waits; after a confirmation nobody does.
    })
    try {
      const relayed = aside(() => sessions.during(() => socket.relayMessage(place, content, { messageId: id, additionalNodes: nodes, additionalAttributes: more.attributes ?? {} })))
      relayed.catch(() => {
        // Heard below, unless the line was lost first.
      })
      await Promise.race([relayed, lost])
      held?.open()
      await Promise.race([confirmation.answer, lost])
    } catch (error) {
      // What waits behind it on this line cannot go without it.
      if (!begun) notWritten()
      if (held !== undefined && !begun && line().isCurrent(socket)) line().renew('The keys of a message could not be written down.')
      if (error instanceof SendProblem) throw error
      throw toSendProblem(error, begun)
    } finally {
      confirmation.stop()
    }
  }

  function awaitConfirmation(socket: WASocket, id: string): { answer: Promise<void>; stop(): void } {
    let stop = (): void => {}
    const answer = new Promise<void>((resolve, reject) => {
      const heard = (node: BinaryNode): void => {
        if (node.attrs.id !== id) return
        const status = node.attrs.error === undefined ? undefined : Number(node.attrs.error)
        if (status === undefined) return resolve()
        if (status === 429) health.throttled(throttleMs)
        reject(refusal(status))
      }
      const cancel = host.clock.after(confirmPatienceMs, () => reject(new SendProblem('unknown', 'WhatsApp did not confirm the message.')))
      socket.ws.on('CB:ack,class:message', heard)
      stop = () => {
        cancel()
        socket.ws.off('CB:ack,class:message', heard)
      }
    })
    answer.catch(() => {
      // Heard by `relay`, unless the line was lost first.
    })
    return { answer, stop: () => stop() }
  }

  const keep = (id: string, chat: ChatRef, content: Content, insteadOf?: string): void => sent.keep({ id, chat: chat.chat, at: host.clock.now(), content }, insteadOf)

  /** Sends what changes something that is there. A device may not be able to open that either, and asks for it again. */
  async function relayChange(chat: ChatRef, content: Content, wish: AbortSignal, edit?: string, insteadOf?: string): Promise<string> {
    const id = library.generateMessageIDV2()
    keep(id, chat, content, insteadOf)
    await relay(chat, id, content, wish, edit === undefined ? {} : { attributes: { edit } })
    return id
  }

  function contextOf(chat: ChatRef, message: OutgoingMessage): proto.IContextInfo | undefined {
    const target = message.replyTo
    if (config.replyToMode === 'off' || target === undefined) return undefined
    const original = handOver().recall(chat.chat, target)
    if (original === undefined) return undefined
    if (config.replyToMode === 'first') {
      const first = quotedBy.get(target)
      // The same part sent again after an uncertain failure quotes again.
      if (first !== undefined && first !== message.key) return undefined
      quotedBy.set(target, message.key)
      const oldest = quotedBy.size > quotesKept ? quotedBy.keys().next().value : undefined
      if (oldest !== undefined) quotedBy.delete(oldest)
    }
    const author = original.key.participant ?? original.key.remoteJid ?? chat.chat
    return { stanzaId: target, participant: personAddress(author) ?? author, quotedMessage: withoutContext(original.message ?? {}) }
  }

  const ownChat = (chat: ChatRef): boolean => {
    const me = line().socket()?.authState.creds.me
    return chat.chat === personAddress(me?.id) || chat.chat === personAddress(me?.lid)
  }

  function words(chat: ChatRef, message: OutgoingMessage): string {
    if (message.markdown.trim() === '') throw new SendProblem('never', 'There are no words in this message.')
    const text = renderText(message.markdown)
    return config.selfChatMode && config.messagePrefix !== '' && ownChat(chat) ? `${config.messagePrefix} ${text}` : text
  }

  /** People see that their words were read once they are being answered; whoever is not answered sees nothing. */
  function tellRead(chat: ChatRef): void {
    const socket = line().socket()
    if (!config.sendReadReceipts || socket === undefined) return
    const keys = handOver().unread(chat.chat)
    if (keys.length > 0) socket.sendReceipts(keys, 'read').catch((error: unknown) => host.log.debug('whatsapp: it could not be told that messages were read', { error: describeError(error) }))
  }

  const wordsAlone = (chat: ChatRef, message: OutgoingMessage): Content => ({ extendedTextMessage: { text: words(chat, message) } })

  async function withFile(chat: ChatRef, message: OutgoingMessage, file: OutgoingFile, wish: AbortSignal): Promise<Content> {
    placeOf(chat)
    const caption = takesCaption(file) && message.markdown.trim() !== '' ? words(chat, message) : ''
    return aside(() => uploader.contentOf(file, caption, liveSocket(wish), wish))
  }

  async function sendContent(chat: ChatRef, message: OutgoingMessage, own: Content, wish: AbortSignal): Promise<PlatformMessageId> {
    const id = idOf(message.key)
    const context = contextOf(chat, message)
    // Without a preview of its own, WhatsApp shows none, and nobody fetches the page.
    const content = context === undefined ? own : Object.fromEntries(Object.entries(own).map(([kind, part]) => [kind, { ...(part as object), contextInfo: context }])) as Content
    keep(id, chat, content)
    tellRead(chat)
    await relay(chat, id, content, wish)
    return id
  }

  return {
    isOurs: (id) => sent.find(id) !== undefined,
    contentOf: (id) => sent.find(id)?.content,
    async send(chat, message, wish) {
      const { file } = message
      const content = file === undefined ? wordsAlone(chat, message) : await withFile(chat, message, file, wish)
      // Sounds have no words beside them on WhatsApp: these go first, as a message of their own.
      if (file !== undefined && !takesCaption(file) && message.markdown.trim() !== '') {
        await sendContent(chat, { ...message, key: `${message.key}/words` as DeliveryKey }, wordsAlone(chat, message), wish)
      }
      return sendContent(chat, message, content, wish)
    },
    async edit(chat, id, message, wish) {
      const known = sent.find(id)
      if (known === undefined || known.chat !== chat.chat || host.clock.now() - known.at > editableMs) throw new SendProblem('never', 'WhatsApp lets a message be edited for 15 minutes; this one is older, or not ours.')
      const editedMessage = withWords(known.content, words(chat, message))
      if (editedMessage === undefined) throw new SendProblem('never', 'There are no words in this message that could be changed.')
      const edit = await relayChange(chat, {
        protocolMessage: { key: { remoteJid: chat.chat, fromMe: true, id }, type: library.proto.Message.ProtocolMessage.Type.MESSAGE_EDIT, editedMessage, timestampMs: host.clock.now() },
      }, wish, '1', known.edit)
      sent.keep({ ...known, content: editedMessage, edit })
    },
    async remove(chat, id, wish) {
      await relayChange(chat, { protocolMessage: { key: { remoteJid: chat.chat, fromMe: true, id }, type: library.proto.Message.ProtocolMessage.Type.REVOKE } }, wish, '7')
      sent.forget(id)
    },
    async react(chat, id, emoji, wish) {
      const ours = sent.find(id) !== undefined
      const key = ours ? { remoteJid: chat.chat, fromMe: true, id } : handOver().recall(chat.chat, id)?.key
      if (key === undefined && isGroup(chat.chat)) throw new SendProblem('never', 'This message is too long ago to react to.')
      await relayChange(chat, { reactionMessage: { key: key ?? { remoteJid: chat.chat, fromMe: false, id }, text: emoji, senderTimestampMs: host.clock.now() } }, wish)
    },
    async poll(chat, poll, wish) {
      if (poll.options.length < pollAnswersMin || poll.options.length > pollAnswersMax) throw new SendProblem('never', `A poll on WhatsApp has ${pollAnswersMin} to ${pollAnswersMax} answers.`)
      const id = idOf(poll.key)
      const content: Content = {
        messageContextInfo: { messageSecret: randomBytes(32) },
        pollCreationMessageV3: { name: poll.question.slice(0, 255), options: poll.options.map((text) => ({ optionName: text.slice(0, 100) })), selectableOptionsCount: 1 },
      }
      keep(id, chat, content)
      await relay(chat, id, content, wish, { nodes: [{ tag: 'meta', attrs: { polltype: 'creation' } }] })
      return id
    },
    async sticker(chat, { key, file }, wish) {
      placeOf(chat)
      const socket = liveSocket(wish)
      if (file === undefined) throw new SendProblem('never', 'WhatsApp has no stickers by name: a sticker is a WebP picture, given as a file.')
      const content = await aside(() => uploader.stickerOf(file, socket, wish))
      const id = idOf(key)
      keep(id, chat, content)
      await relay(chat, id, content, wish)
      return id
    },
    async typing(chat) {
      try {
        const socket = liveSocket()
        tellRead(chat)
        await socket.sendPresenceUpdate('composing', placeOf(chat))
      } catch {
        // A sign of life that does not arrive is not worth a word.
      }
    },
    async openDirect(sender: SenderId) {
      const address = addressOf(sender)
      if (address === undefined) throw new SendProblem('never', 'On WhatsApp only people can be written to directly.')
      return { channel: whatsappId, account: host.account, chat: address as ChatRef['chat'], kind: 'direct' }
    },
    async groups(signal) {
      const found = await ask(signal, (socket) => socket.groupFetchAllParticipating())
      return Object.values(found).filter((group) => isGroup(group.id)).map((group) => ({ chat: group.id as ChatRef['chat'], title: group.subject, members: group.size ?? group.participants.length }))
        .toSorted((a, b) => a.title.localeCompare(b.title))
    },
    async probe(signal) {
      return ask(signal, async (socket) => {
        const answer = await socket.query({ tag: 'iq', attrs: { to: library.S_WHATSAPP_NET, type: 'get', xmlns: 'w:p' }, content: [{ tag: 'ping', attrs: {} }] })
        if (answer === undefined) throw new Error('no answer')
        return nameOf(socket.authState.creds.me?.id)
      })
    },
  }

  /** One question over the live line, answered within its patience. */
  async function ask<T>(signal: AbortSignal, question: (socket: WASocket) => Promise<T>): Promise<T> {
    const unreachable = (cause: unknown): Problem => new Problem('whatsapp-unreachable', 'WhatsApp does not answer.', { next: 'Check the connection to the internet, then `moltbot channels status`.', cause })
    let cancel = (): void => {}
    try {
      const socket = liveSocket(signal)
      const tooLate = new Promise<never>((_, reject) => {
        cancel = host.clock.after(probePatienceMs, () => reject(new Error('no answer in time')))
        signal.addEventListener('abort', () => reject(new Error('called off')), { once: true })
      })
      return await Promise.race([question(socket), tooLate, line().gone(socket).then(() => Promise.reject(new Error('the line broke')))])
    } catch (error) {
      throw unreachable(error)
    } finally {
      cancel()
    }
  }
}

/** The account as a person knows it: its number. */
export function nameOf(id: string | undefined): string {
  const person = personAddress(id)
  return person === undefined ? 'WhatsApp' : `+${person.slice(0, person.indexOf('@'))}`
}

/** WhatsApp lets the sender choose the id of a message, and shows one message for two with the same. */
function idOf(key: DeliveryKey): PlatformMessageId {
  return `3EB0${createHash('sha256').update(key).digest('hex').slice(0, 18).toUpperCase()}` as PlatformMessageId
}

/** The same message with other words. Undefined: it shows none. */
function withWords(content: Content, text: string): Content | undefined {
  if (content.imageMessage) return { imageMessage: { ...content.imageMessage, caption: text } }
  if (content.videoMessage) return { videoMessage: { ...content.videoMessage, caption: text } }
  if (content.documentMessage) return { documentMessage: { ...content.documentMessage, caption: text } }
  return content.extendedTextMessage ? { extendedTextMessage: { text } } : undefined
}

/** A quote of a quote carries nothing but its own words. */
function withoutContext(message: Content): Content {
  const { messageContextInfo: _secrets, ...content } = message
  return Object.fromEntries(Object.entries(content).map(([kind, part]) => {
    if (part === null || typeof part !== 'object' || !('contextInfo' in part)) return [kind, part]
    const { contextInfo: _context, ...own } = part as { contextInfo?: unknown }
    return [kind, own]
  }))
}

/** WhatsApp said no to one message. */
function refusal(status: number): SendProblem {
  if (status === 429) return new SendProblem('not-sent', 'WhatsApp asks us to slow down.', { retryAfterMs: throttleMs })
  if (status === 463) return new SendProblem('never', 'WhatsApp does not let this number begin chats just now; it answers only who wrote before.')
  // 479: the device's place in the conversation was stale; the library mends it, and the next attempt goes through.
  if (status >= 500 || status === 408 || status === 479) return new SendProblem('not-sent', `WhatsApp did not take the message (${status}).`)
  return new SendProblem('never', `WhatsApp refused the message (${Number.isFinite(status) ? status : 'without a reason'}).`)
}

function toSendProblem(error: unknown, begun: boolean): SendProblem {
  const status = statusOf(error)
  if (begun && status !== 428) return new SendProblem('unknown', 'The connection to WhatsApp broke.', { cause: error })
  if (status !== undefined && [401, 403, 404, 406].includes(status)) return new SendProblem('never', `WhatsApp does not let us write there (${status}).`, { cause: error })
  return new SendProblem('not-sent', 'The message could not be handed to WhatsApp.', { cause: error })
}
