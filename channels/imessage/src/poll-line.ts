import { ConnectProblem, linePause, type ChannelHost, type HealthKeeper } from '@moltbot/contract'
import { passwordAction, readFailure, serverAction, type BlueBubblesApi } from './bluebubbles-api.ts'
import type { HandOver } from './hand-over.ts'
import { messageGuid } from './imessage-id.ts'
import type { RawMessage } from './incoming.ts'

/** Under this name it is kept in the account's durable state. */
const stateKey = 'reached'
/** A message may come to the Mac later than it was written: so much is read again, and what is known is left aside. */
const overlapMs = 5 * 60_000
/** The first look back of a new account. */
const firstLookMs = 60_000
const page = 100
const knownMax = 5_000
const pauses = { firstMs: 1_000, maxMs: 30_000, spread: 0 }
const lookPatienceMs = 20_000

export interface PollLine {
  /** Something happened: look at once. */
  nudge(): void
  close(): Promise<void>
}

/** What BlueBubbles tells of a message, as far as it is read. */
interface ServerMessage {
  guid?: unknown; text?: unknown; isFromMe?: unknown; dateCreated?: unknown; handle?: { address?: unknown } | null; chats?: { guid?: unknown; displayName?: unknown }[]
  attachments?: { guid?: unknown; mimeType?: unknown; transferName?: unknown; totalBytes?: unknown; isSticker?: unknown }[]
  associatedMessageGuid?: unknown; associatedMessageType?: unknown; associatedMessageEmoji?: unknown; threadOriginatorGuid?: unknown; balloonBundleId?: unknown; itemType?: unknown; groupActionType?: unknown
  attributedBody?: { runs?: { attributes?: Record<string, unknown> }[] }[] | null
}

/** A message of BlueBubbles in the common shape. */
export function readServerMessage(message: ServerMessage): RawMessage {
  const [chat] = Array.isArray(message.chats) ? message.chats : []
  const runs = Array.isArray(message.attributedBody) ? message.attributedBody.flatMap((part) => (Array.isArray(part?.runs) ? part.runs : [])) : undefined
  const kind = message.associatedMessageType
  return {
    guid: message.guid, chat: chat?.guid, chatName: chat?.displayName, handle: message.handle?.address, fromMe: message.isFromMe === true, text: message.text, date: Number(message.dateCreated),
    replyTo: message.threadOriginatorGuid,
    attachments: (Array.isArray(message.attachments) ? message.attachments : []).map((file) => ({ guid: file.guid, mimeType: file.mimeType, name: file.transferName, size: file.totalBytes, sticker: file.isSticker === true })),
    tapback: kind === undefined || kind === null || kind === 0 || kind === 'sticker' ? undefined : { target: message.associatedMessageGuid, kind, emoji: message.associatedMessageEmoji },
    balloon: message.balloonBundleId ?? undefined, announcement: Number(message.itemType ?? 0) !== 0 || Number(message.groupActionType ?? 0) !== 0,
    mentioned: runs?.flatMap(({ attributes }) => (attributes?.['__kIMMentionConfirmedMention'] === undefined ? [] : [attributes['__kIMMentionConfirmedMention']])),
  }
}

export interface PollLineOptions { host: ChannelHost; api: BlueBubblesApi; pollMs: number; handOver: HandOver; health: HealthKeeper }

/**
 * Asks for what is new, again and again, from the moment up to which everything is durable. Whatever tells us that something happened
 * is only a reason to ask at once: what is taken comes from the server's own answers alone.
 */
export async function openPollLine({ host, api, pollMs, handOver, health }: PollLineOptions): Promise<PollLine> {
  const kept = Number(await host.state.get(stateKey))
  let reached = Number.isSafeInteger(kept) && kept > 0 ? kept : host.clock.now() - firstLookMs
  let saved = reached
  const known = new Set<string>()
  const controller = new AbortController()
  let closed = false
  let attempt = 0
  let nudged = false
  let wake = (): void => {}
  let running: Promise<void> = Promise.resolve()

  async function look(): Promise<void> {
    const after = reached - overlapMs
    for (let offset = 0; !closed; offset += page) {
      const answer = await api.call('POST', '/message/query', { after, offset, limit: page, sort: 'ASC', with: ['chat', 'attachment', 'handle', 'attributedBody'] }, { signal: controller.signal, patienceMs: lookPatienceMs })
      if (!Array.isArray(answer)) throw new Error('no list')
      health.alive()
      attempt = 0
      for (const message of answer as ServerMessage[]) {
        const raw = readServerMessage(message ?? {})
        const guid = messageGuid(raw.guid)
        if (guid === undefined || known.has(guid)) continue
        await handOver.take(raw)
        known.add(guid)
        const oldest = known.size > knownMax ? known.values().next().value : undefined
        if (oldest !== undefined) known.delete(oldest)
        // A date in the future must not hide what comes until then.
        if (Number.isSafeInteger(raw.date)) reached = Math.max(reached, Math.min(raw.date, host.clock.now()))
      }
      await save()
      if (answer.length < page) return
    }
  }

  async function save(): Promise<void> {
    if (reached === saved) return
    saved = reached
    await host.state.set(stateKey, String(reached)).catch((error: unknown) => {
      // Losing this costs repetitions, which are recognised; it must not cost the connection.
      host.log.warn('imessage: what was reached could not be written down', { error: error instanceof Error ? error.message : String(error) })
    })
  }

  async function run(): Promise<void> {
    while (!closed) {
      let pauseMs = pollMs
      nudged = false
      try {
        await look()
      } catch (error) {
        if (closed) return
        const failure = readFailure(error)
        if (failure.kind === 'refused') return health.needsYou(failure.reason, passwordAction)
        attempt += 1
        pauseMs = linePause(attempt, host.clock.now(), pauses)
        health.retrying(failure.reason, attempt, host.clock.now() + pauseMs)
      }
      if (nudged || closed) continue
      await new Promise<void>((resolve) => {
        const cancel = host.clock.after(pauseMs, resolve)
        wake = () => {
          cancel()
          resolve()
        }
      })
    }
  }

  running = run()
  return {
    nudge() {
      nudged = true
      wake()
    },
    async close() {
      closed = true
      controller.abort()
      wake()
      await running
    },
  }
}

/** What the server says of itself. Rejects with a `ConnectProblem`. */
export async function readServer(api: BlueBubblesApi, host: ChannelHost): Promise<{ privateApi: boolean; own: string[]; version: string }> {
  try {
    const info = (await api.call('GET', '/server/info')) as Record<string, unknown> | null
    const own = ['detected_imessage', 'detected_icloud'].flatMap((key) => (typeof info?.[key] === 'string' ? [info[key]] : []))
    return { privateApi: info?.['private_api'] === true && info['helper_connected'] !== false, own, version: String(info?.['server_version'] ?? '').slice(0, 40) }
  } catch (error) {
    const failure = readFailure(error)
    if (failure.kind !== 'refused') throw new ConnectProblem(failure.reason, { permanent: false, next: serverAction, cause: error })
    host.health({ kind: 'needs-you', reason: failure.reason, action: passwordAction })
    throw new ConnectProblem(failure.reason, { permanent: true, next: passwordAction, cause: error })
  }
}
