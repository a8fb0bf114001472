import type { WASocket } from 'baileys'

/** Holds back what is written to a line until the keys it was sealed with are durable. */
export interface WireGate {
  /** From here on nothing is written, in order, until `open` is called; `written` runs right before the first of it goes out. */
  hold(written: () => void): { open(): void }
}

type Sent = (error?: Error) => void
interface Frame { kind: 'frame'; go: () => void }
interface Barrier { kind: 'barrier'; open: boolean; written: () => void }

/**
 * The library writes a message to the line and commits the step of its keys after that. A kill between the two would bring back keys the other
 * side has seen used: it could not open what comes next. So the line takes what the library writes at once, and passes it on when it may.
 */
export function createWireGate(socket: WASocket): WireGate {
  const raw = (socket.ws as unknown as { socket?: { send(data: Uint8Array, sent: Sent): void } | null }).socket
  const waiting: (Frame | Barrier)[] = []
  function flush(): void {
    for (let next = waiting[0]; next !== undefined && (next.kind === 'frame' || next.open); next = waiting[0]) {
      waiting.shift()
      if (next.kind === 'frame') next.go()
      else next.written()
    }
  }
  if (raw !== undefined && raw !== null) {
    const send = raw.send.bind(raw)
    raw.send = (data, sent) => {
      if (waiting.length === 0) return send(data, sent)
      // The library goes on to its commit; that the line broke is told by the line itself.
      waiting.push({ kind: 'frame', go: () => send(data, () => undefined) })
      sent()
    }
  }
  return {
    hold(written) {
      const barrier: Barrier = { kind: 'barrier', open: false, written }
      waiting.push(barrier)
      return {
        open() {
          barrier.open = true
          flush()
        },
      }
    },
  }
}
