import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { freePort } from '../support/free-port.ts'

/** Tells whoever waits that something happened. */
export interface Watch {
  changed(): void
  /** Resolves as soon as the condition holds; looked at after every change. Rejects after `timeoutMs` with what was waited for. */
  until(condition: () => boolean, what: string, timeoutMs?: number): Promise<void>
}

export function createWatch(): Watch {
  const watchers = new Set<() => void>()
  return {
    changed() {
      for (const watcher of watchers) watcher()
    },
    until: (condition, what, timeoutMs = 60_000) => new Promise((resolve, reject) => {
      const look = (): void => {
        if (!condition()) return
        clearTimeout(timer)
        watchers.delete(look)
        resolve()
      }
      const timer = setTimeout(() => {
        // A starved machine runs the timer before what already arrived: look once more after that.
        setImmediate(() => {
          look()
          if (watchers.delete(look)) reject(new Error(`waited ${timeoutMs} ms in vain for ${what}`))
        })
      }, timeoutMs)
      watchers.add(look)
      look()
    }),
  }
}

/** A server on loopback that can go away and come back on its port. */
export interface Loopback {
  /** 0 before it listened for the first time. */
  port(): number
  listen(): Promise<void>
  /** Cuts every open connection. */
  dropSockets(): void
  /** Nobody listens on the port until `goOnline`. */
  goOffline(): Promise<void>
  goOnline(): Promise<void>
  close(): Promise<void>
}

export function createLoopback(server: Server): Loopback {
  const sockets = new Set<Socket>()
  let offline = false
  let port = 0
  server.on('connection', (socket) => {
    if (offline) return void socket.destroy()
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  async function listen(): Promise<void> {
    if (port === 0) port = await freePort()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
  }
  const dropSockets = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: () => port,
    listen,
    dropSockets,
    async goOffline() {
      offline = true
      dropSockets()
      await new Promise<void>((resolve) => server.close(() => resolve()))
      // Until both ends have seen it: a request into a line that breaks is another accident.
      await new Promise((resolve) => setTimeout(resolve, 20))
    },
    async goOnline() {
      offline = false
      await listen()
    },
    async close() {
      dropSockets()
      if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
