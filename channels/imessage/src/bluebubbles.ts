import { ConnectProblem, Problem, SendProblem, type ChannelHost, type ChatId, type ChatRef, type Connection, type OutgoingFile, type OutgoingMessage, type PlatformMessageId, type SenderId, createHealthKeeper, type HealthKeeper } from '@moltbot/contract'
import { openApi, passwordAction, readFailure, serverAction, ServerProblem, toSendProblem, type BlueBubblesApi } from './bluebubbles-api.ts'
import type { IMessageConfig } from './config.ts'
import { createHandOver, type HandOver } from './hand-over.ts'
import { handleOf, imessageId, messageGuid, readChat } from './imessage-id.ts'
import { tapbackOf, type Original } from './incoming.ts'
import { openNudgeDoor } from './nudge-door.ts'
import { renderText } from './plain-text.ts'
import { bytesOf, fileLimits, filePatienceMs, plainName } from './outgoing-file.ts'
import { openPollLine, readServer, readServerMessage } from './poll-line.ts'

/** `close` gives up waiting shortly before the five seconds it may take. */
const closePatienceMs = 3_000
/** Messages lets a message be changed five times, within a quarter of an hour. */
const editEveryMs = 10_000
const fetchPatienceMs = 10_000
const originalPatienceMs = 3_000
/** Messages takes its time until it says that something is sent. */
const sendPatienceMs = 60_000
const quotesKept = 500
/** What Messages puts in the place of a file. */
export const fileSign = '\ufffc'

/** Opens one account of a BlueBubbles server. */
export async function connectBlueBubbles(config: IMessageConfig, host: ChannelHost): Promise<Connection> {
  host.health({ kind: 'starting' })
  const password = (await host.secret('password'))?.open('bluebubbles login').trim()
  if (password === undefined || password === '') throw new ConnectProblem('There is no password for BlueBubbles.', { permanent: true, next: passwordAction })
  const api = openApi(config.serverUrl ?? '', password, host)
  const server = await readServer(api, host)
  const own = new Set([...config.ownAddresses, ...server.own].flatMap((address) => handleOf(address) ?? []))
  const health = createHealthKeeper(host)
  health.named([...own][0] ?? `BlueBubbles ${server.version}`)
  if (api.warning !== undefined) health.warn(api.warning)
  let closing: Promise<void> | undefined
  const handOver = createHandOver({
    host, config, own,
    original: (guid) => readOriginal(api, guid),
    fetchFile: (guid, bytesMax) => fetchFile(api, host, guid, bytesMax),
    taken(raw) {
      if (!config.sendReadReceipts || !server.privateApi) return
      api.call('POST', `/chat/${encodeURIComponent(String(raw.chat))}/read`, {}).catch(() => host.log.debug('imessage: a chat could not be marked as read'))
    },
  })
  const token = config.webhookPort === undefined ? undefined : (await host.secret('webhookToken'))?.open('bluebubbles webhook')
  let nudge = (): void => {}
  const door = config.webhookPort === undefined ? undefined : await openNudgeDoor(config, token, host, () => nudge())
  const line = await openPollLine({ host, api, pollMs: config.pollSeconds * 1_000, handOver, health })
  nudge = () => line.nudge()

  async function close(): Promise<void> {
    let cancel = (): void => {}
    const patience = new Promise<void>((resolve) => (cancel = host.clock.after(closePatienceMs, resolve)))
    await Promise.race([handOver.close().then(() => line.close()), patience])
    cancel()
    await door?.close()
    health.closed()
  }

  return {
    limits: { textLengthMax: config.textChunkLimit, nonce: false, streaming: config.streaming, files: fileLimits, ...(server.privateApi ? { editEveryMs } : {}) },
    ...createOutgoing({ api, host, config, handOver, health, privateApi: server.privateApi, isClosed: () => closing !== undefined }),
    async probe(signal) {
      try {
        await api.call('GET', '/ping', undefined, { signal })
        return [...own][0] ?? `BlueBubbles ${server.version}`
      } catch (error) {
        const failure = readFailure(error)
        throw new Problem('imessage-unreachable', failure.reason, { next: failure.kind === 'refused' ? passwordAction : serverAction, cause: error })
      }
    },
    close: () => (closing ??= close()),
  }
}

async function readOriginal(api: BlueBubblesApi, guid: string): Promise<Original | undefined> {
  try {
    const raw = readServerMessage((await api.call('GET', `/message/${encodeURIComponent(guid)}`, undefined, { patienceMs: originalPatienceMs })) as never)
    return { text: typeof raw.text === 'string' ? raw.text : '', fromUs: raw.fromMe, handle: handleOf(raw.handle) }
  } catch {
    // What is answered is gone, or too slow to come: the answer stands for itself.
    return undefined
  }
}

async function fetchFile(api: BlueBubblesApi, host: ChannelHost, guid: string, bytesMax: number): Promise<string | undefined> {
  try {
    return (await api.download(`/attachment/${encodeURIComponent(guid)}/download`, bytesMax, fetchPatienceMs))?.toString('base64')
  } catch {
    // The message matters more than its file.
    host.log.info('imessage: a file could not be fetched')
    return undefined
  }
}

interface OutgoingOptions { api: BlueBubblesApi; host: ChannelHost; config: IMessageConfig; handOver: HandOver; health: HealthKeeper; privateApi: boolean; isClosed(): boolean }
type Sending = Pick<Connection, 'edit' | 'remove' | 'react' | 'typing'> & Required<Pick<Connection, 'send' | 'openDirect' | 'groups'>>

/** Everything that goes from us to Messages. What needs the Private API is absent without it. */
function createOutgoing({ api, host, config, handOver, health, privateApi, isClosed }: OutgoingOptions): Sending {
  const quotedBy = new Map<string, string>()
  const reactions = new Map<string, string>()

  function quoteOf(message: OutgoingMessage): Record<string, unknown> {
    const target = messageGuid(message.replyTo)
    if (!privateApi || config.replyToMode === 'off' || target === undefined) return {}
    if (config.replyToMode === 'first') {
      const first = quotedBy.get(target)
      // The same part sent again after an uncertain failure quotes again.
      if (first !== undefined && first !== message.key) return {}
      remember(quotedBy, target, message.key)
    }
    return { selectedMessageGuid: target, partIndex: 0 }
  }

  /** Runs one call that has an effect; whatever goes wrong becomes a `SendProblem`. */
  async function effect<T>(wish: AbortSignal, call: () => Promise<T>): Promise<T> {
    if (isClosed()) throw new SendProblem('not-sent', 'The iMessage connection is closed.')
    if (wish.aborted) throw new SendProblem('not-sent', 'The send was called off.')
    try {
      const result = await call()
      health.works()
      return result
    } catch (error) {
      if (error instanceof SendProblem) throw error
      const failure = readFailure(error)
      if (failure.kind === 'refused') health.needsYou(failure.reason, passwordAction, 'works')
      throw toSendProblem(error)
    }
  }

  async function post(chat: ChatRef, message: OutgoingMessage, text: string, quote: Record<string, unknown>, signal: AbortSignal): Promise<PlatformMessageId> {
    const chatGuid = placeOf(chat)
    handOver.sending(chatGuid, text)
    const body = { chatGuid, tempGuid: `moltbot-${message.key}`, message: text, method: privateApi ? 'private-api' : 'apple-script', ...quote }
    return idOf(await api.call('POST', '/message/text', body, { signal, patienceMs: sendPatienceMs }))
  }

  async function postFile(chat: ChatRef, message: OutgoingMessage, file: OutgoingFile, quote: Record<string, unknown>, signal: AbortSignal): Promise<PlatformMessageId> {
    const chatGuid = placeOf(chat)
    const bytes = await bytesOf(file)
    const name = plainName(file.fileName)
    const fields = {
      chatGuid, tempGuid: `moltbot-${message.key}`, name, method: privateApi ? 'private-api' : 'apple-script',
      // Messages plays recorded speech as such in these forms alone.
      ...(privateApi && file.kind === 'voice' && /^audio\/(mpeg|mp3|x-caf)$/.test(file.mimeType) ? { isAudioMessage: 'true' } : {}),
      ...Object.fromEntries(Object.entries(quote).map(([key, value]) => [key, String(value)])),
    }
    handOver.sending(chatGuid, fileSign)
    return idOf(await api.upload('/message/attachment', fields, { name, type: file.mimeType, bytes }, { signal, patienceMs: filePatienceMs }))
  }

  /** Its words, or its file: Messages shows them as messages of their own, and the limits say so. */
  async function sendParts(chat: ChatRef, message: OutgoingMessage, quote: Record<string, unknown>, signal: AbortSignal): Promise<PlatformMessageId> {
    if (message.file === undefined) return post(chat, message, textOf(message.markdown), quote, signal)
    if (message.markdown.trim() !== '') throw new SendProblem('never', 'Messages takes no words beside a file.')
    return postFile(chat, message, message.file, quote, signal)
  }

  const always: Required<Pick<Connection, 'send' | 'openDirect' | 'groups'>> = {
    send: (chat, message, wish) =>
      effect(wish, async () => {
        const quote = quoteOf(message)
        try {
          return await sendParts(chat, message, quote, wish)
        } catch (error) {
          // What it answers is gone; the answer is not.
          if (quote['selectedMessageGuid'] === undefined || !(error instanceof ServerProblem) || error.status !== 404) throw error
          return sendParts(chat, message, {}, wish)
        }
      }),
    async openDirect(sender: SenderId) {
      const handle = handleOf(sender)
      if (handle === undefined || handle !== sender) throw new SendProblem('never', 'On iMessage only people with a number or an e-mail address can be written to.')
      return { channel: imessageId, account: host.account, chat: `iMessage;-;${handle}` as ChatId, kind: 'direct' }
    },
    async groups(signal) {
      try {
        const chats = await api.call('POST', '/chat/query', { limit: 500, with: ['participants'] }, { signal })
        return (Array.isArray(chats) ? chats as { guid?: unknown; displayName?: unknown; participants?: unknown[] }[] : []).flatMap(({ guid, displayName, participants }) =>
          readChat(guid)?.group === true ? [{ chat: guid as ChatId, title: typeof displayName === 'string' ? displayName : '', members: participants?.length ?? 0 }] : [])
      } catch (error) {
        throw new Problem('imessage-unreachable', readFailure(error).reason, { next: serverAction, cause: error })
      }
    },
  }
  if (!privateApi) return always

  return {
    ...always,
    edit: (chat, id, message, wish) =>
      effect(wish, async () => {
        placeOf(chat)
        const text = textOf(message.markdown)
        await api.call('POST', `/message/${encodeURIComponent(ours(id))}/edit`, { editedMessage: text, backwardsCompatibilityMessage: `Edited to: ${text}`, partIndex: 0 }, { signal: wish })
      }),
    remove: (chat, id, wish) =>
      effect(wish, async () => {
        placeOf(chat)
        try {
          await api.call('POST', `/message/${encodeURIComponent(ours(id))}/unsend`, { partIndex: 0 }, { signal: wish })
        } catch (error) {
          if (!(error instanceof ServerProblem) || error.status !== 404) throw error
        }
      }),
    react: (chat, id, emoji, wish) =>
      effect(wish, async () => {
        const before = reactions.get(id)
        const name = emoji === '' ? before : tapbackOf(emoji)
        if (emoji === '' && name === undefined) return
        if (name === undefined) throw new SendProblem('never', 'Messages has six tapbacks: ❤️ 👍 👎 😂 ‼️ ❓.')
        await api.call('POST', '/message/react', { chatGuid: placeOf(chat), selectedMessageGuid: ours(id), reaction: emoji === '' ? `-${name}` : name, partIndex: 0 }, { signal: wish })
        if (emoji === '') reactions.delete(id)
        else remember(reactions, id, name)
      }),
    async typing(chat) {
      if (isClosed()) return
      try {
        await api.call('POST', `/chat/${encodeURIComponent(placeOf(chat))}/typing`, {}, { patienceMs: originalPatienceMs })
      } catch {
        // A sign of life that does not arrive is not worth a word.
      }
    },
  }
}

function idOf(answer: unknown): PlatformMessageId {
  const guid = messageGuid((answer as { guid?: unknown } | undefined)?.guid)
  if (guid === undefined) throw new ServerProblem(0, 'The answer did not come from BlueBubbles.')
  return guid as PlatformMessageId
}

function placeOf(chat: ChatRef): string {
  if (readChat(chat.chat) === undefined) throw new SendProblem('never', 'This is no place on iMessage.')
  return chat.chat
}

function ours(id: string): string {
  const guid = messageGuid(id)
  if (guid === undefined) throw new SendProblem('never', 'This is no message on iMessage.')
  return guid
}

export function textOf(markdown: string): string {
  if (markdown.trim() === '') throw new SendProblem('never', 'There are no words in this message.')
  return renderText(markdown)
}

function remember(map: Map<string, string>, key: string, value: string): void {
  map.set(key, value)
  const oldest = map.size > quotesKept ? map.keys().next().value : undefined
  if (oldest !== undefined) map.delete(oldest)
}
