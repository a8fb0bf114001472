import asyncHooks from 'node:async_hooks'
import { syncBuiltinESMExports } from 'node:module'
import type { WASocket } from 'baileys'
import type { Library } from './library.ts'

/** What one socket's work is followed by, until the socket is discarded and the last of that work is over. */
class SocketStorage extends asyncHooks.AsyncLocalStorage<unknown> {
  #running = 0
  #over = false

  override run<R, Args extends unknown[]>(store: unknown, work: (...args: Args) => R, ...args: Args): R {
    this.#running += 1
    const done = (): void => {
      this.#running -= 1
      this.#rest()
    }
    try {
      const result = super.run(store, work, ...args)
      // Both ways are listened to on a promise of our own; whoever was given the result still hears it.
      Promise.resolve(result).then(done, done)
      return result
    } catch (error) {
      done()
      throw error
    }
  }

  end(): void {
    this.#over = true
    this.#rest()
  }

  #rest(): void {
    if (this.#over && this.#running === 0) this.disable()
  }
}

const storagesOf = new WeakMap<WASocket, SocketStorage[]>()

/**
 * Makes a socket of the library. For each the library makes an `AsyncLocalStorage` and never lets go of it, and up to Node 22 every promise of the
 * process is told to every one that was ever used: with each line that was lost everything became a little slower. So these are ended with their socket.
 */
export function makeSocket(library: Library, settings: Parameters<Library['makeWASocket']>[0]): WASocket {
  const made: SocketStorage[] = []
  const platforms = asyncHooks.AsyncLocalStorage
  // Nothing else runs meanwhile: making a socket awaits nothing.
  asyncHooks.AsyncLocalStorage = class extends SocketStorage {
    constructor() {
      super()
      made.push(this)
    }
  } as typeof platforms
  syncBuiltinESMExports()
  try {
    const socket = library.makeWASocket(settings)
    storagesOf.set(socket, made)
    return socket
  } finally {
    asyncHooks.AsyncLocalStorage = platforms
    syncBuiltinESMExports()
  }
}

/** Ends a line without waiting for the other side: a dead one would never answer. */
export function discardSocket(socket: WASocket): void {
  socket.end(undefined)
  const raw = (socket.ws as unknown as { socket?: { terminate(): void; on(event: 'error', listener: () => void): void } | null }).socket
  // Errors of a socket nobody listens to any more would end the process.
  raw?.on('error', () => {})
  raw?.terminate()
  for (const storage of storagesOf.get(socket) ?? []) storage.end()
}
