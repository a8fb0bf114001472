import type { Server } from 'node:http'
import { WebSocketServer, type WebSocket } from 'ws'

interface Envelope { type: string; body: unknown; ts: string | undefined; ids: string[]; acknowledged: boolean; answer: unknown; attempts: number }

export interface FakeSocketMode {
  /** The address of a socket, good for one connection. */
  ticket(port: number): string
  /** Delivered to one open socket, or kept for the next; brought again to every new socket until it is acknowledged. */
  push(type: string, body: unknown, ts: string | undefined): void
  redeliverLast(): void
  acknowledged(ts: string): boolean
  /** What the app answered when it acknowledged. */
  answerTo(ts: string): unknown
  /** Says that the socket will be closed, and closes it. */
  disconnect(reason: 'warning' | 'refresh_requested' | 'link_disabled'): void
  /** Closes without a word. */
  dropSockets(): void
  deafen(on: boolean): void
  /** How many sockets were opened ever, and how many stand now. */
  opened(): number
  standing(): number
  /** Sent as it is to every socket. */
  raw(text: string): void
  stop(): void
}

export function attachSocketMode(server: Server, changed: () => void): FakeSocketMode {
  const wss = new WebSocketServer({ noServer: true, autoPong: false })
  const tickets = new Set<string>()
  const envelopes: Envelope[] = []
  let deaf = false
  let opened = 0
  let lastId = 0

  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => undefined) // Dropped by a test.
    const ticket = new URL(request.url ?? '/', 'http://fake').searchParams.get('ticket') ?? ''
    if (!tickets.delete(ticket)) return void socket.destroy()
    wss.handleUpgrade(request, socket, head, speak)
  })

  const open = (): WebSocket[] => [...wss.clients].filter((socket) => socket.readyState === socket.OPEN)

  function send(socket: WebSocket, envelope: Envelope): void {
    if (deaf) return
    const id = `envelope-${++lastId}`
    envelope.ids.push(id)
    envelope.attempts += 1
    socket.send(JSON.stringify({
      envelope_id: id, payload: envelope.body, type: envelope.type, accepts_response_payload: envelope.type === 'slash_commands',
      ...(envelope.type === 'events_api' ? { retry_attempt: envelope.attempts - 1, retry_reason: envelope.attempts > 1 ? 'timeout' : '' } : {}),
    }))
  }

  function speak(socket: WebSocket): void {
    opened += 1
    socket.on('error', () => undefined) // Dropped by a test.
    socket.on('close', changed)
    socket.on('ping', (data: Buffer) => {
      if (!deaf) socket.pong(data)
    })
    socket.on('message', (raw) => {
      if (deaf) return
      const { envelope_id: id, payload } = JSON.parse(String(raw)) as { envelope_id?: string; payload?: unknown }
      const envelope = envelopes.find((one) => one.ids.includes(id ?? ''))
      if (envelope === undefined) return
      envelope.acknowledged = true
      envelope.answer = payload
      changed()
    })
    if (deaf) return
    socket.send(JSON.stringify({ type: 'hello', num_connections: wss.clients.size, debug_info: { host: 'fake', approximate_connection_time: 18_060 }, connection_info: { app_id: 'A111' } }))
    for (const envelope of envelopes) if (!envelope.acknowledged) send(socket, envelope)
    changed()
  }

  return {
    ticket(port) {
      const ticket = `ticket-${++lastId}`
      tickets.add(ticket)
      return `ws://127.0.0.1:${port}/link/?ticket=${ticket}&app_id=A111`
    },
    push(type, body, ts) {
      const envelope: Envelope = { type, body: structuredClone(body), ts, ids: [], acknowledged: false, answer: undefined, attempts: 0 }
      envelopes.push(envelope)
      const [socket] = open()
      if (socket !== undefined) send(socket, envelope)
    },
    redeliverLast() {
      const last = envelopes.findLast((envelope) => envelope.ts !== undefined)
      const [socket] = open()
      if (last !== undefined && socket !== undefined) send(socket, last)
    },
    acknowledged: (ts) => envelopes.some((envelope) => envelope.ts === ts && envelope.acknowledged),
    answerTo: (ts) => envelopes.find((envelope) => envelope.ts === ts)?.answer,
    disconnect(reason) {
      for (const socket of open()) {
        socket.send(JSON.stringify({ type: 'disconnect', reason, debug_info: { host: 'fake' } }))
        // Slack waits for the client to go before it closes by itself.
        setTimeout(() => socket.terminate(), 500).unref()
      }
    },
    dropSockets() {
      for (const socket of wss.clients) socket.terminate()
    },
    deafen: (on) => void (deaf = on),
    opened: () => opened,
    standing: () => open().length,
    raw(text) {
      for (const socket of open()) socket.send(text)
    },
    stop() {
      for (const socket of wss.clients) socket.terminate()
      wss.close()
    },
  }
}
