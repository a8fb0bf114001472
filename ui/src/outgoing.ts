import type { ReadonlySignal } from '@preact/signals'
import { explainFailure } from './explain-failure.ts'
import { ConnectionLost, GatewayError, type ConnectionState, type GatewayClient } from './gateway-client.ts'
import { text } from './text.ts'
import { withDelivery, withOwn, withoutOwn, type Delivery, type Transcript } from './transcript.ts'
import type { OwnFile, Unsent, UnsentBox } from './unsent.ts'
import { fields, words } from './wire.ts'

/** What a person wrote, on its way to the gateway: kept until it has a receipt, sent in order, shown with how far it came. */
export interface Outgoing {
  send(sessionKey: string, words: string, files: OwnFile[]): void
  retry(key: string): void
  /** Takes a message that was not accepted off the page; hands back its words. */
  discard(key: string): string
  /** Sends what waits, one after the other, in the order it was written. */
  flush(): void
  /** Puts what waits into its conversations. */
  show(): void
  /** What was written before the gateway said which chat is the main one belongs there. */
  adopt(mainKey: string): void
}

/** What it needs of the desk. */
export interface OutgoingSurroundings {
  client: GatewayClient
  unsent: UnsentBox
  newId(): string
  now(): number
  connection: ReadonlySignal<ConnectionState>
  transcripts: ReadonlyMap<string, Transcript>
  change(sessionKey: string, next: (now: Transcript) => Transcript): void
  loadHistory(sessionKey: string): void
}

/** An answer to `chat.send` takes one commit; longer silence means the line is dead. */
const sendTimeoutMs = 20_000

/** Files as `chat.send` takes them. */
function attachmentsOf({ images, files = [] }: Unsent): { attachments?: Record<string, string>[] } {
  const all = [...images.map((image) => ({ type: 'image', ...image })), ...files.map(({ kind, ...file }) => ({ type: kind === 'voice' ? 'voice' : 'file', ...file }))]
  return all.length === 0 ? {} : { attachments: all.map(({ type, mimeType, fileName, data }) => ({ type, mimeType, fileName, content: data })) }
}

export function createOutgoing(world: OutgoingSurroundings): Outgoing {
  const { client, unsent, connection, transcripts, change, loadHistory } = world

  function deliver(message: Unsent, delivery: Delivery): void {
    change(message.sessionKey, (now) => withDelivery(now, message.key, delivery))
  }

  const underWay = new Set<string>()
  async function transmit(message: Unsent): Promise<void> {
    if (underWay.has(message.key)) return
    if (connection.value.kind !== 'online') return deliver(message, { kind: 'waiting' })
    underWay.add(message.key)
    deliver(message, { kind: 'sending' })
    try {
      const answer = fields(await client.request('chat.send', {
        sessionKey: message.sessionKey,
        message: message.text,
        deliver: false,
        idempotencyKey: message.key,
        ...attachmentsOf(message),
      }, sendTimeoutMs))
      unsent.remove(message.key)
      withFiles.delete(message.key)
      if (answer['status'] === 'error') {
        deliver(message, { kind: 'failed', reason: words(answer['summary']) ?? text.answerFailed, next: undefined })
        return loadHistory(message.sessionKey)
      }
      const over = answer['status'] === 'ok' || answer['aborted'] !== undefined
      const known = transcripts.get(message.sessionKey)?.deliveries.get(message.key)
      // The answer can be there before the receipt.
      if (known?.kind === 'sending') deliver(message, over ? { kind: 'answered' } : { kind: 'accepted' })
      if (over) loadHistory(message.sessionKey)
    } catch (error) {
      if (error instanceof ConnectionLost) return deliver(message, { kind: 'waiting' })
      if (error instanceof GatewayError && error.retryable) return deliver(message, { kind: 'failed', ...explainFailure(error) })
      unsent.remove(message.key)
      deliver(message, { kind: 'failed', ...explainFailure(error) })
    } finally {
      underWay.delete(message.key)
      // The line may have come back while this attempt was failing.
      if (connection.value.kind === 'online' && transcripts.get(message.sessionKey)?.deliveries.get(message.key)?.kind === 'waiting') queueMicrotask(flush)
    }
  }

  let flushing = false
  function flush(): void {
    if (flushing) return
    flushing = true
    void (async () => {
      for (const message of unsent.all()) {
        const state = transcripts.get(message.sessionKey)?.deliveries.get(message.key)?.kind
        if (state === 'failed' || connection.value.kind !== 'online') continue
        await transmit(message)
      }
    })().finally(() => {
      flushing = false
      const rest = unsent.all().some((message) => transcripts.get(message.sessionKey)?.deliveries.get(message.key)?.kind === 'waiting')
      if (rest && connection.value.kind === 'online') flush()
    })
  }

  function showUnsent(): void {
    for (const message of unsent.all()) {
      change(message.sessionKey, (now) => {
        const shown = withOwn(now, asShown(message))
        return shown.deliveries.has(message.key) ? shown : withDelivery(shown, message.key, { kind: 'waiting' })
      })
    }
  }

  /** Messages whose files are more than the conversation shows, while they may have to be sent again. */
  const withFiles = new Map<string, Unsent>()
  /** Files stand below the words by their names, as the gateway will show them. */
  function asShown(message: Unsent): Unsent {
    if (message.files === undefined) return message
    withFiles.set(message.key, message)
    return { ...message, text: [message.text, ...message.files.map(({ kind, fileName }) => (kind === 'voice' ? `[${text.voiceNote}]` : `[${fileName}]`))].filter((part) => part !== '').join('\n') }
  }

  function ownOf(key: string): { message: Unsent; sessionKey: string } | undefined {
    for (const [at, known] of transcripts) {
      const item = known.tail.find((line) => line.kind === 'own' && line.key === key)
      const whole = withFiles.get(key)
      if (item !== undefined && whole !== undefined) return { sessionKey: at, message: whole }
      if (item?.kind === 'own') return { sessionKey: at, message: { key, sessionKey: at, text: item.text, images: item.images, at: item.at } }
    }
    return undefined
  }

  return {
    send(sessionKey, sentence, added) {
      const [images, files] = [added.filter(({ kind }) => kind === 'image'), added.filter(({ kind }) => kind !== 'image')]
      const message: Unsent = { key: world.newId(), sessionKey, text: sentence, images, ...(files.length === 0 ? {} : { files }), at: world.now() }
      unsent.put(message)
      change(message.sessionKey, (now) => withDelivery(withOwn(now, asShown(message)), message.key, { kind: 'waiting' }))
      flush()
    },
    retry(key) {
      const own = ownOf(key)
      if (own === undefined) return
      unsent.put(own.message)
      deliver(own.message, { kind: 'waiting' })
      flush()
    },
    discard(key) {
      const own = ownOf(key)
      unsent.remove(key)
      withFiles.delete(key)
      if (own === undefined) return ''
      change(own.sessionKey, (now) => withoutOwn(now, key))
      return own.message.text
    },
    flush,
    show: showUnsent,
    adopt(mainKey) {
      for (const message of unsent.all()) unsent.put(message.sessionKey === '' ? { ...message, sessionKey: mainKey } : message)
    },
  }
}
