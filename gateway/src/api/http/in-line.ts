import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Requests sent ahead on one connection; the connection ends with the answer to the last of them. */
const pipelinedMax = 64

/**
 * One request of a connection at a time, whatever was sent ahead: answers go out in that order anyway, and a peer that sends thousands and
 * reads none is given no more work than it takes.
 */
export function inLine(handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>): (request: IncomingMessage, response: ServerResponse) => void {
  const lines = new WeakMap<Socket, { tail: Promise<void>; waiting: number; full: boolean }>()
  return (request, response) => {
    const { socket } = request
    const line = lines.get(socket) ?? { tail: Promise.resolve(), waiting: 0, full: false }
    lines.set(socket, line)
    if (line.full) {
      // It gets no answer any more, and all before it are here to their ends: whatever else the peer sends would only fill the memory. Not at
      // once, because the parser reads on at the end of each message.
      process.nextTick(() => socket.pause())
      return
    }
    line.waiting += 1
    if (line.waiting >= pipelinedMax) {
      line.full = true
      response.setHeader('Connection', 'close')
    }
    line.tail = line.tail.then(async () => {
      if (socket.destroyed) return
      const closed = new Promise<void>((resolve) => response.once('close', resolve))
      await handle(request, response)
      await closed
      // Answers that are written at once would otherwise follow each other without letting any other connection have its turn.
      if (line.waiting > 1) await new Promise((resolve) => setImmediate(resolve))
    }).finally(() => { line.waiting -= 1 })
  }
}
