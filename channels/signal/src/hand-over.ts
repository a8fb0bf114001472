import { Problem, createInsistence, type ChannelHost, type HealthKeeper } from '@moltbot/contract'
import type { SignalConfig } from './config.ts'
import { understandEnvelope, type Envelope, type Self, type Understood } from './incoming.ts'
import type { Journal } from './journal.ts'
import type { SignalDaemon } from './rpc.ts'

/** Pictures are fetched before anyone judged the sender: never for long. */
const filePatienceMs = 10_000

/** What the daemon tells: an envelope, and what went wrong with it. */
export interface Received { envelope: Envelope; account?: string; exception?: { type?: string; message?: string } }

export interface HandOver {
  /** Takes up what an earlier life left in the journal; a second time is harmless. To be called once the account is known. */
  begin(): void
  /** Resolves once it is noted durably; what it means is handed over in its turn. */
  take(received: Received): Promise<void>
  /** Waits for what is being handed over; what was not begun is in the journal. */
  close(): Promise<void>
}

export interface HandOverOptions { host: ChannelHost; daemon: SignalDaemon; config: SignalConfig; self: Self; journal: Journal<Received>; health: HealthKeeper }

/** Hands envelopes to the gateway, in order within a chat, chats side by side; what cannot be written down is tried until it can. */
export function createHandOver({ host, daemon, config, self, journal, health }: HandOverOptions): HandOver {
  const lanes = new Map<string, Promise<void>>()
  const begun = new Set<Promise<unknown>>()
  const { insist, end } = createInsistence(host, 'signal', () => new Problem('signal-closing', 'The connection is being closed.'))
  const bytesMax = config.mediaMaxMb * 1024 * 1024
  let closed = false

  function enqueue(key: string, received: Received): void {
    const lane = laneOf(received.envelope)
    async function run(): Promise<void> {
      if (closed) return
      const work = handle(received)
      begun.add(work)
      try {
        await work
      } catch (error) {
        if (closed) return
        host.log.warn('signal: an envelope was skipped', { error: error instanceof Error ? error.message : String(error) })
      } finally {
        begun.delete(work)
      }
      journal.done(key)
    }
    const mine = (lanes.get(lane) ?? Promise.resolve()).then(run).finally(() => {
      if (lanes.get(lane) === mine) lanes.delete(lane)
    })
    lanes.set(lane, mine)
  }

  function read(envelope: Envelope): Understood {
    try {
      return understandEnvelope(envelope, self, host.account, config)
    } catch (error) {
      // A shape nobody documented must not stall everything behind it.
      return { kind: 'nothing', reason: `an envelope that could not be understood (${error instanceof Error ? error.message : 'unknown'})` }
    }
  }

  async function handle({ envelope, exception }: Received): Promise<void> {
    if (exception?.type === 'UntrustedIdentityException') {
      health.warn('Somebody’s safety number changed, and what they write cannot be read until it is confirmed: signal-cli listIdentities, then signal-cli trust.')
    } else if (exception !== undefined) host.log.info('signal: an envelope could not be decrypted', { kind: exception.type })
    const understood = read(envelope)
    if (understood.kind === 'nothing') return host.log.debug(`signal: ${understood.reason}`)
    if (understood.kind === 'notice') return host.notice(understood.notice)
    const { message, files, receipt } = understood
    for (const { attachment, id, sizeBytes } of files) {
      const isFilm = message.attachments[attachment]?.kind === 'video'
      const data = sizeBytes > bytesMax || bytesMax === 0 || (isFilm && host.films !== true) ? undefined : await fetchFile(id, message.chat.kind === 'group' ? { groupId: message.chat.chat } : { recipient: message.chat.chat })
      const target = message.attachments[attachment]
      if (data !== undefined && target !== undefined) target.data = data
    }
    await insist('a message could not be written down', () => host.receive(message))
    if (config.sendReadReceipts && receipt !== undefined) {
      daemon.call('sendReceipt', { recipient: receipt.recipient, targetTimestamp: [receipt.timestamp], type: 'read' }).catch(() => host.log.debug('signal: a read receipt could not be sent'))
    }
  }

  async function fetchFile(id: string, place: Record<string, unknown>): Promise<string | undefined> {
    try {
      const answer = await daemon.media('getAttachment', { id, ...place }, { patienceMs: filePatienceMs, bytesMax: Math.ceil(bytesMax * 1.4) + 1_024 })
      const data = typeof answer === 'string' ? answer : (answer as { data?: unknown } | undefined)?.data
      if (typeof data !== 'string' || !/^[A-Za-z0-9+/]+={0,2}$/.test(data) || data.length * 0.75 > bytesMax + 2) return undefined
      return data
    } catch {
      // The message matters more than its file.
      host.log.info('signal: a file could not be fetched')
      return undefined
    }
  }

  let left = journal.left()

  return {
    begin() {
      for (const { key, entry } of left) enqueue(key, entry)
      left = []
    },
    async take(received) {
      if (typeof received?.envelope !== 'object' || received.envelope === null) return
      const { envelope } = received
      // Signs of life of others need no place in the journal.
      if (envelope.dataMessage === undefined && envelope.syncMessage?.sentMessage === undefined && received.exception === undefined) return
      const key = await journal.add(received)
      enqueue(key, received)
    },
    async close() {
      closed = true
      end()
      while (begun.size > 0) await Promise.allSettled(begun)
    },
  }
}

function laneOf(envelope: Envelope): string {
  const data = envelope.dataMessage ?? envelope.syncMessage?.sentMessage
  return String(data?.groupInfo?.groupId ?? envelope.sourceUuid ?? '')
}
