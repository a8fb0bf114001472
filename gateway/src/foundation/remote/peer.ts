import type { Clock } from '@moltbot/contract'
import { carryError, readCarriedError, type CarriedError } from './carried-error.ts'

/** After a call was called off, its answer is waited for this long: it often says what is certain. */
const abortPatienceMs = 2_000

/** What crosses between two processes: questions, answers and news, both ways. All of it survives a structured clone. */
type Message =
  | { kind: 'call'; id: number; method: string; args: unknown[] }
  | { kind: 'answer'; id: number; value: unknown }
  | { kind: 'failed'; id: number; error: CarriedError }
  | { kind: 'abort'; id: number }
  | { kind: 'tell'; name: string; args: unknown[] }

/** The other side ended before it answered. */
export class PeerGone extends Error {
  /** True when the question certainly never reached it. */
  readonly before: boolean
  constructor(before: boolean) {
    super(before ? 'The process does not run.' : 'The process ended before it answered.')
    this.name = 'PeerGone'
    this.before = before
  }
}

export interface Peer {
  /** Rejects with what was thrown on the other side, or with `PeerGone`. Calling it off is passed on. */
  call(method: string, args: unknown[], signal?: AbortSignal): Promise<unknown>
  /** News nobody answers, in order with the calls. */
  tell(name: string, args: unknown[]): void
  /** To be given everything that arrives. */
  hear(message: unknown): void
  /** The other side is gone: whoever waits hears it. */
  end(): void
}

export interface PeerOptions {
  clock: Pick<Clock, 'after'>
  /** Throws when it cannot be said at all. */
  post(message: unknown): void
  handle(method: string, args: unknown[], signal: AbortSignal): Promise<unknown>
  heard(name: string, args: unknown[]): void
}

/** One end of a line between two processes; both ends are the same. */
export function createPeer({ clock, post, handle, heard }: PeerOptions): Peer {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  const running = new Map<number, AbortController>()
  let lastId = 0
  let ended = false

  async function answer(id: number, method: string, args: unknown[]): Promise<void> {
    const controller = new AbortController()
    running.set(id, controller)
    let said: Message
    try {
      said = { kind: 'answer', id, value: await handle(method, args, controller.signal) }
    } catch (error) {
      said = { kind: 'failed', id, error: carryError(error) }
    }
    running.delete(id)
    if (!ended) say(said)
  }

  function say(message: Message): void {
    try {
      post(message)
    } catch (error) {
      if (message.kind === 'answer') return say({ kind: 'failed', id: message.id, error: carryError(error) })
      // The other side ended; `end` tells whoever waits.
    }
  }

  return {
    call(method, args, signal) {
      if (ended) return Promise.reject(new PeerGone(true))
      const id = ++lastId
      return new Promise((resolve, reject) => {
        let cancel = (): void => {}
        const stop = (): void => {
          say({ kind: 'abort', id })
          cancel = clock.after(abortPatienceMs, () => settle(() => reject(new PeerGone(false))))
        }
        const settle = (how: () => void): void => {
          waiting.delete(id)
          signal?.removeEventListener('abort', stop)
          cancel()
          how()
        }
        waiting.set(id, { resolve: (value) => settle(() => resolve(value)), reject: (error) => settle(() => reject(error)) })
        try {
          post({ kind: 'call', id, method, args } satisfies Message)
        } catch (error) {
          return settle(() => reject(error instanceof Error && error.name === 'DataCloneError' ? error : new PeerGone(true)))
        }
        if (signal?.aborted === true) stop()
        else signal?.addEventListener('abort', stop, { once: true })
      })
    },
    tell: (name, args) => say({ kind: 'tell', name, args }),
    hear(given) {
      const message = given as Message
      switch (message.kind) {
        case 'call':
          return void answer(message.id, message.method, message.args)
        case 'answer':
          return waiting.get(message.id)?.resolve(message.value)
        case 'failed':
          return waiting.get(message.id)?.reject(readCarriedError(message.error))
        case 'abort':
          return running.get(message.id)?.abort()
        case 'tell':
          return heard(message.name, message.args)
      }
    },
    end() {
      ended = true
      for (const controller of running.values()) controller.abort()
      for (const { reject } of waiting.values()) reject(new PeerGone(false))
    },
  }
}
