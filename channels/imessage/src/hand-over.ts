import { Problem, createInsistence, type ChannelHost } from '@moltbot/contract'
import type { IMessageConfig } from './config.ts'
import { handleOf, messageGuid } from './imessage-id.ts'
import { understandMessage, type Original, type RawMessage, type Understood } from './incoming.ts'

/** Words we sent come back on some Macs as if they had been written to us; for this long they are known. */
const echoMs = 120_000
const echoesKept = 500

export interface HandOver {
  /** Resolves once it is durable, or means nothing. Rejects when the end came first. One at a time. */
  take(raw: RawMessage): Promise<void>
  /** These words go out to that chat now. */
  sending(chat: string, text: string): void
  close(): Promise<void>
}

export interface HandOverOptions {
  host: ChannelHost
  config: IMessageConfig
  /** Our own addresses. */
  own: ReadonlySet<string>
  /** Looks up what is answered. */
  original?(guid: string): Promise<Original | undefined>
  fetchFile?(guid: string, bytesMax: number): Promise<string | undefined>
  taken?(raw: RawMessage): void
}

/** Hands messages to the gateway in the order they were written; what cannot be written down is tried until it can. */
export function createHandOver({ host, config, own, original, fetchFile, taken }: HandOverOptions): HandOver {
  const echoes = new Map<string, number>()
  const begun = new Set<Promise<unknown>>()
  const closing = (): Problem => new Problem('imessage-closing', 'The connection is being closed.')
  const { insist, end } = createInsistence(host, 'imessage', closing)
  let closed = false

  async function handle(raw: RawMessage): Promise<void> {
    if (!raw.fromMe && isEcho(raw)) return host.log.debug('imessage: our own words came back')
    const replyTo = messageGuid(raw.replyTo)
    const answered = raw.fromMe || replyTo === undefined ? undefined : await original?.(replyTo)
    const understood = read(raw, answered)
    if (understood.kind === 'nothing') return host.log.debug(`imessage: ${understood.reason}`)
    if (understood.kind === 'notice') return host.notice(understood.notice)
    const { message, files } = understood
    const bytesMax = config.mediaMaxMb * 1024 * 1024
    for (const { attachment, guid, sizeBytes } of files) {
      const isFilm = message.attachments[attachment]?.kind === 'video'
      const data = !config.includeAttachments || sizeBytes > bytesMax || (isFilm && host.films !== true) ? undefined : await fetchFile?.(guid, bytesMax)
      const target = message.attachments[attachment]
      if (data !== undefined && target !== undefined) target.data = data
    }
    await insist('a message could not be written down', () => host.receive(message))
    taken?.(raw)
  }

  function read(raw: RawMessage, answered: Original | undefined): Understood {
    try {
      return understandMessage(raw, host.account, config, own, answered)
    } catch (error) {
      // A shape nobody documented must not stall everything behind it.
      return { kind: 'nothing', reason: `a message that could not be understood (${error instanceof Error ? error.message : 'unknown'})` }
    }
  }

  const echoKey = (chat: unknown, text: unknown): string => JSON.stringify([chat, typeof text === 'string' ? text.trim() : text])

  /** In a chat with oneself every word comes twice, once as if it had been written to us. */
  function isEcho(raw: RawMessage): boolean {
    const until = echoes.get(echoKey(raw.chat, raw.text))
    return until !== undefined && until > host.clock.now() && own.has(handleOf(raw.handle) ?? '')
  }

  return {
    async take(raw) {
      if (closed) throw closing()
      const work = handle(raw)
      begun.add(work)
      try {
        await work
      } finally {
        begun.delete(work)
      }
    },
    sending(chat, text) {
      echoes.set(echoKey(chat, text), host.clock.now() + echoMs)
      const oldest = echoes.size > echoesKept ? echoes.keys().next().value : undefined
      if (oldest !== undefined) echoes.delete(oldest)
    },
    async close() {
      closed = true
      end()
      while (begun.size > 0) await Promise.allSettled(begun)
    },
  }
}
