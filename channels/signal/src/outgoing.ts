import { Problem, SendProblem, type ChannelHost, type ChatId, type ChatRef, type Connection, type OutgoingFile, type OutgoingMessage, type PlatformMessageId, type SenderId, type HealthKeeper } from '@moltbot/contract'
import type { SignalConfig } from './config.ts'
import { describeFailure, linkAction, readFailure, toSendProblem } from './failures.ts'
import type { Self } from './incoming.ts'
import { RpcProblem, ForeignAnswer, type SignalDaemon } from './rpc.ts'
import { isGroup, isUuid, messageId, readMessageId, signalId } from './signal-id.ts'
import { renderText } from './styles.ts'

/** Which messages were already quoted, and with what we reacted, is remembered for this many. */
const kept = 500
const typingPatienceMs = 5_000
/** A file is uploaded by signal-cli before it answers. */
const filePatienceMs = 120_000
/** Signal itself takes more; it goes to signal-cli as text inside one request, which is held in memory here and there. */
export const fileBytesMax = 25 * 1024 * 1024

type Sending = Required<Pick<Connection, 'send' | 'edit' | 'remove' | 'react' | 'typing' | 'openDirect' | 'groups'>>

export interface OutgoingOptions { daemon: SignalDaemon; host: ChannelHost; config: SignalConfig; self: Self; health: HealthKeeper; isClosed(): boolean }

/** What became of a message at one of its recipients. */
interface Outcome { type?: string; retryAfterSeconds?: number; token?: string }

/** Everything that goes from us to Signal. */
export function createOutgoing({ daemon, host, config, self, health, isClosed }: OutgoingOptions): Sending {
  /** Message that was quoted → key of the part that quoted it. */
  const quotedBy = new Map<string, string>()
  const reactions = new Map<string, string>()

  function quoteOf(message: OutgoingMessage): Record<string, unknown> {
    const target = message.replyTo === undefined ? undefined : readMessageId(message.replyTo)
    if (config.replyToMode === 'off' || target === undefined || message.replyTo === undefined) return {}
    if (config.replyToMode === 'first') {
      const first = quotedBy.get(message.replyTo)
      // The same part sent again after an uncertain failure quotes again.
      if (first !== undefined && first !== message.key) return {}
      remember(quotedBy, message.replyTo, message.key)
    }
    return { quoteTimestamp: target.timestamp, quoteAuthor: target.author }
  }

  /** Runs one call that has an effect; whatever goes wrong becomes a `SendProblem`. */
  async function effect<T>(wish: AbortSignal, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (isClosed()) throw new SendProblem('not-sent', 'The Signal connection is closed.')
    if (wish.aborted) throw new SendProblem('not-sent', 'The send was called off.')
    try {
      const result = await call(wish)
      health.works()
      return result
    } catch (error) {
      if (error instanceof SendProblem) throw error
      // signal-cli tells what became of it at each recipient also where all of them failed.
      if (error instanceof RpcProblem) judge(outcomesOf(error.data), error)
      const failure = readFailure(error)
      if (failure.kind === 'unlinked') health.needsYou(describeFailure(failure), linkAction, 'works')
      if (failure.kind === 'throttled' && failure.proof) askForProof()
      else if (failure.kind === 'throttled') health.throttled(failure.retryAfterMs)
      if (failure.kind === 'untrusted') warnOfIdentity()
      throw toSendProblem(error)
    }
  }

  function askForProof(): void {
    health.needsYou('Signal wants a proof that a person is there before it takes more.', 'Follow https://signalcaptchas.org/challenge/generate.html and hand the result to signal-cli submitRateLimitChallenge.', 'works')
  }
  function warnOfIdentity(): void {
    health.warn('Somebody’s safety number changed: nothing is sent to them until it is confirmed (signal-cli listIdentities, then signal-cli trust).')
  }

  /** Throws when it reached nobody; a group counts as reached when anybody was. */
  function judge(outcomes: readonly Outcome[], cause?: unknown): void {
    const types = outcomes.map((outcome) => outcome.type ?? '')
    if (types.length === 0 || types.includes('SUCCESS')) return
    if (types.includes('IDENTITY_FAILURE')) {
      warnOfIdentity()
      throw new SendProblem('never', 'The safety number changed and was not confirmed: nothing is sent there.', { cause })
    }
    if (types.includes('PROOF_REQUIRED_FAILURE')) {
      askForProof()
      throw new SendProblem('not-sent', 'Signal wants a proof that a person is there.', { retryAfterMs: 3_600_000, cause })
    }
    if (types.includes('RATE_LIMIT_FAILURE')) {
      const seconds = Math.max(1, ...outcomes.map((outcome) => outcome.retryAfterSeconds ?? 0))
      health.throttled(seconds * 1_000)
      throw new SendProblem('not-sent', `Signal asked to wait for ${seconds} s.`, { retryAfterMs: seconds * 1_000, cause })
    }
    if (types.every((type) => type === 'UNREGISTERED_FAILURE')) throw new SendProblem('never', 'They are not on Signal any more.', { cause })
    throw new SendProblem('unknown', 'Signal could not be reached by signal-cli.', { cause })
  }

  async function post(chat: ChatRef, message: OutgoingMessage, more: Record<string, unknown>, signal: AbortSignal): Promise<PlatformMessageId> {
    const { file } = message
    const blank = message.markdown.trim() === ''
    if (blank && file === undefined) throw new SendProblem('never', 'There are no words in this message.')
    const place = placeOf(chat)
    const { text, styles } = blank ? { text: '', styles: [] } : renderText(message.markdown)
    const params = {
      ...place, message: text, ...(styles.length === 0 ? {} : { textStyle: styles.map(({ start, length, style }) => `${start}:${length}:${style}`) }),
      ...(file === undefined ? {} : { attachments: [await dataAddressOf(file)] }), ...(file?.kind === 'voice' ? { voiceNote: true } : {}), ...more,
    }
    const answer = await daemon.call('send', params, { signal, ...(file === undefined ? {} : { patienceMs: filePatienceMs }) })
    const timestamp = (answer as { timestamp?: unknown } | undefined)?.timestamp
    judge(outcomesOf(answer))
    if (!Number.isSafeInteger(timestamp)) throw new ForeignAnswer()
    return messageId(self.uuid ?? self.number ?? '', timestamp as number)
  }

  return {
    send: (chat, message, wish) => effect(wish, (signal) => post(chat, message, quoteOf(message), signal)),
    edit: (chat, id, message, wish) => effect(wish, async (signal) => void (await post(chat, message, { editTimestamp: ours(id) }, signal))),
    remove: (chat, id, wish) =>
      effect(wish, async (signal) => {
        judge(outcomesOf(await daemon.call('remoteDelete', { ...placeOf(chat), targetTimestamp: ours(id) }, { signal })))
      }),
    react: (chat, id, emoji, wish) =>
      effect(wish, async (signal) => {
        const target = readMessageId(id)
        if (target === undefined) throw new SendProblem('never', 'This is no message on Signal.')
        if (emoji !== '' && !/\p{Extended_Pictographic}|\p{Emoji_Presentation}|\u20e3/u.test(emoji)) throw new SendProblem('never', 'On Signal one reacts with an emoji.')
        // To take one back, Signal wants to hear which.
        const given = emoji === '' ? (reactions.get(id) ?? '👍') : emoji
        const params = { ...placeOf(chat), emoji: given, targetAuthor: target.author, targetTimestamp: target.timestamp, ...(emoji === '' ? { remove: true } : {}) }
        judge(outcomesOf(await daemon.call('sendReaction', params, { signal })))
        if (emoji === '') reactions.delete(id)
        else remember(reactions, id, emoji)
      }),
    async typing(chat) {
      if (isClosed()) return
      try {
        await daemon.call('sendTyping', placeOf(chat), { patienceMs: typingPatienceMs })
      } catch {
        // A sign of life that does not arrive is not worth a word.
      }
    },
    async openDirect(sender: SenderId) {
      if (!isUuid(sender)) throw new SendProblem('never', 'On Signal only people with an id can be written to directly.')
      return { channel: signalId, account: host.account, chat: sender as string as ChatId, kind: 'direct' }
    },
    async groups(signal) {
      try {
        const answer = await daemon.call('listGroups', {}, { signal })
        return (Array.isArray(answer) ? answer as { id?: unknown; name?: unknown; isMember?: boolean; members?: unknown[] }[] : []).flatMap(({ id, name, isMember, members }) =>
          isGroup(id) && isMember !== false ? [{ chat: id as string as ChatId, title: typeof name === 'string' ? name : '', members: members?.length ?? 0 }] : [])
      } catch (error) {
        throw new Problem('signal-unreachable', describeFailure(readFailure(error)), { next: 'Try again in a moment.', cause: error })
      }
    },
  }

  function placeOf(chat: ChatRef): Record<string, unknown> {
    if (chat.kind === 'group' && isGroup(chat.chat)) return { groupId: chat.chat }
    if (chat.kind === 'direct' && isUuid(chat.chat)) return { recipient: [chat.chat] }
    throw new SendProblem('never', 'This is no place on Signal.')
  }

  /** The time of a message of ours. */
  function ours(id: string): number {
    const target = readMessageId(id)
    if (target === undefined || (target.author !== self.uuid && target.author !== self.number)) throw new SendProblem('never', 'This is no message of ours on Signal.')
    return target.timestamp
  }
}

/** A file in the form signal-cli takes: an address that is the file itself. It reads no file of ours, and keeps none. */
async function dataAddressOf(file: OutgoingFile): Promise<string> {
  let bytes: Uint8Array
  try {
    bytes = await file.bytes()
  } catch (error) {
    throw new SendProblem('never', 'The file is no longer there.', { cause: error })
  }
  const [type = ''] = file.mimeType.split(';')
  return `data:${/^[\w.+-]+\/[\w.+-]+$/.test(type) ? type : 'application/octet-stream'};filename=${encodeURIComponent(file.fileName.toWellFormed())};base64,${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')}`
}

/** What became of it at each recipient, from an answer or from what comes with a refusal. */
function outcomesOf(answer: unknown): Outcome[] {
  const { results, response } = (answer ?? {}) as { results?: unknown; response?: { results?: unknown } }
  const list = results ?? response?.results
  return Array.isArray(list) ? list as Outcome[] : []
}

function remember(map: Map<string, string>, key: string, value: string): void {
  map.set(key, value)
  const oldest = map.size > kept ? map.keys().next().value : undefined
  if (oldest !== undefined) map.delete(oldest)
}

