import type { SignalDataSet, SignalKeyStore, proto } from 'baileys'
import type { SealedValues } from '@moltbot/contract'
import { readKept } from './device-keys.ts'
import type { Library } from './library.ts'

/** So many are remembered. */
const sentKept = 512
/** What is larger is not kept over a restart. */
const bytesMax = 256 * 1024
/** The type of their names among the keys. */
const kind = 'sent'

export interface SentMessage {
  readonly id: string
  readonly chat: string
  /** Milliseconds since 1970. */
  readonly at: number
  readonly content: proto.IMessage
  /** The id of the message that changed it last. */
  readonly edit?: string
}

/** What we sent: to send it again to a device that could not open it, to edit it, and to know its echo. It is a ring; the newest takes the place of the oldest. */
export interface SentMessages {
  find(id: string): SentMessage | undefined
  /** Remembers a message before it goes out. `insteadOf`: the id of one that is of no use any more, now that there is this one. */
  keep(message: SentMessage, insteadOf?: string): void
  forget(id: string): void
  /**
   * Writes down what was remembered and forgotten since the last time. To be called within a transaction of the keys: it is durable when they are, at no
   * commit of its own. Returns what is to be called when that transaction failed.
   */
  writeWith(keys: SignalKeyStore): () => void
}

/** A message as it is written down. `n`: how many were before it. */
interface Written extends Omit<SentMessage, 'content'> { n: number; bytes: Uint8Array }

/** Reads what was sent before the last restart, too. */
export async function readSentMessages(library: Library, sealed: SealedValues): Promise<SentMessages> {
  const { Message } = library.proto
  const messages = new Map<string, SentMessage & { readonly n: number }>()
  /** Places in the ring, by the number of whoever has it. */
  const holders = new Map<number, string>()
  const changed = new Set<number>()
  let next = 0

  function place(message: SentMessage, n: number): void {
    const slot = n % sentKept
    const before = holders.get(slot)
    if (before !== undefined) messages.delete(before)
    holders.set(slot, message.id)
    messages.set(message.id, { ...message, n })
  }

  const kept = [...(await readKept<Written>(library, sealed, kind, Array.from({ length: sentKept }, (_, slot) => String(slot)))).values()].toSorted((a, b) => a.n - b.n)
  for (const { n, bytes, ...message } of kept) {
    place({ ...message, content: Message.decode(bytes) }, n)
    next = n + 1
  }

  return {
    find: (id) => messages.get(id),
    keep(message, insteadOf) {
      const n = (messages.get(message.id) ?? messages.get(insteadOf ?? ''))?.n ?? next++
      place(message, n)
      changed.add(n % sentKept)
    },
    forget(id) {
      const slot = (messages.get(id)?.n ?? NaN) % sentKept
      if (!messages.delete(id)) return
      holders.delete(slot)
      changed.add(slot)
    },
    writeWith(keys) {
      const slots = [...changed]
      changed.clear()
      const values = Object.fromEntries(slots.map((slot) => {
        const message = messages.get(holders.get(slot) ?? '')
        if (message === undefined) return [slot, null]
        const { content, ...facts } = message
        const bytes = Message.encode(content).finish()
        return [slot, bytes.length > bytesMax ? null : { ...facts, bytes } satisfies Written]
      }))
      const failed = (): void => {
        for (const slot of slots) changed.add(slot)
      }
      Promise.resolve(keys.set({ [kind]: values } as SignalDataSet)).catch(failed)
      return failed
    },
  }
}
