import type { ChannelHost, Connection, Door } from './channel.ts'
import { SendProblem } from './channel.ts'
import type { ChannelId, DeliveryKey, PlatformMessageId } from './ids.ts'
import type { ChatRef, OutgoingMessage } from './message.ts'
import { Problem } from './problem.ts'

/** How many keys are remembered, so that a repeated send has the effect of one. Far more than are ever under way at once. */
const keysKept = 1_000

/** What a page or a window shows of files and buttons. Files are fetched from the gateway's door; how large they may be is its business. */
const shown: Pick<Connection['limits'], 'files' | 'buttons'> = { files: { bytesMax: 100 * 1024 * 1024, captionMax: 4_000 }, buttons: { most: 8, labelMax: 64 } }

/**
 * The connection of a way in of our own (page, terminal, HTTP): there is no network behind it, so sending is telling
 * the listeners, and a message is "on the network" as soon as it was accepted. Chats are given by the caller and are
 * always direct. The message id is made from the delivery key, so the same key is the same message.
 */
export function connectOwnDoor(channel: ChannelId, serves: Door['serves'], textLengthMax: number, host: ChannelHost): Connection {
  const listeners = new Set<Parameters<Door['onSend']>[0]>()
  const told = new Map<DeliveryKey, PlatformMessageId>()
  const handingOver = new Set<Promise<unknown>>()
  let closed = false
  host.health({ kind: 'connected', at: host.clock.now() })

  function tell(chat: ChatRef, message: OutgoingMessage, id: PlatformMessageId): void {
    for (const listener of listeners) {
      try {
        listener(chat, message, id)
      } catch (error) {
        host.log.warn('a listener failed to hear a message', { error: String(error) })
      }
    }
  }

  return {
    limits: { textLengthMax, nonce: true, ...(serves === 'http' ? {} : shown) },
    async send(chat, message, signal) {
      if (closed) throw new SendProblem('not-sent', 'This way in is closed.')
      if (signal.aborted) throw new SendProblem('not-sent', 'The send was called off.')
      const known = told.get(message.key)
      if (known !== undefined) return known
      // A file that is gone is not shown as if it could be fetched.
      await message.file?.bytes()
      const id = `out-${message.key}` as PlatformMessageId
      told.set(message.key, id)
      if (told.size > keysKept) {
        for (const oldest of told.keys()) {
          told.delete(oldest)
          break
        }
      }
      tell(chat, message, id)
      return id
    },
    async close() {
      if (!closed) {
        closed = true
        listeners.clear()
        host.health({ kind: 'closed' })
      }
      let cancel = (): void => {}
      const patience = new Promise<void>((resolve) => {
        cancel = host.clock.after(4_500, resolve)
      })
      await Promise.race([Promise.allSettled(handingOver), patience])
      cancel()
    },
    door: {
      serves,
      async submit({ chat, ...message }) {
        if (closed) throw new Problem('way-in-closed', 'This way in is closed.', { next: 'Try again in a moment.' })
        const work = host.receive({ ...message, chat: { channel, account: host.account, chat, kind: 'direct' } })
        handingOver.add(work)
        try {
          return await work
        } finally {
          handingOver.delete(work)
        }
      },
      onSend(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
  }
}
