import type { Server } from 'node:http'
import { WebSocketServer, type WebSocket } from 'ws'

interface Event { t: string; s: number; d: unknown }
interface Session { id: string; events: Event[]; sequence: number; socket: WebSocket | undefined; valid: boolean; acknowledged: number }

export interface GatewayOptions {
  token: () => string
  revoked: () => boolean
  /** The privileged intents the application was given. */
  allowedIntents: () => number
  heartbeatMs: number
  resumeUrl: () => string
  ready: () => Record<string, unknown>
  guilds: () => unknown[]
  changed: () => void
}

/** Codes of the protocol. */
const op = { dispatch: 0, heartbeat: 1, identify: 2, resume: 6, reconnect: 7, invalidSession: 9, hello: 10, heartbeatAck: 11 } as const
const privileged = (1 << 1) | (1 << 8) | (1 << 15)

export interface FakeGateway {
  /** Tells everybody whose session is alive; a session without a socket gets it when it is resumed. Resolves to false when nobody ever was there. */
  dispatch(t: string, d: unknown, intent: number): boolean
  redeliverLast(): void
  acknowledged(t: string, matches: (d: unknown) => boolean): boolean
  /** Everything that was said by whoever connected. */
  identifies: { intents: number; at: number }[]
  resumes: { sequence: number; accepted: boolean }[]
  closeAll(code: number): void
  /** Asks everybody to reconnect and resume. */
  askReconnect(): void
  /** Forgets every session: the next resume is refused. */
  forgetSessions(): void
  deafen(on: boolean): void
  dropSockets(): void
  /** A coming resume is answered by closing with this code; called again: also the one after. */
  refuseResume(code: number): void
  sessions(): number
  stop(): void
}

export function attachGateway(server: Server, options: GatewayOptions): FakeGateway {
  const wss = new WebSocketServer({ noServer: true })
  const sessions = new Map<string, Session & { intents: number }>()
  const identifies: FakeGateway['identifies'] = []
  const resumes: FakeGateway['resumes'] = []
  let deaf = false
  const refusals: number[] = []
  let lastId = 0

  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => undefined) // Dropped by a test.
    if (!request.url?.startsWith('/gateway')) return void socket.destroy()
    wss.handleUpgrade(request, socket, head, (ws) => speak(ws))
  })

  const send = (socket: WebSocket, payload: unknown): void => {
    if (!deaf && socket.readyState === socket.OPEN) socket.send(JSON.stringify(payload))
  }
  const sendEvent = (session: Session, event: Event): void => {
    if (session.socket !== undefined) send(session.socket, { op: op.dispatch, ...event })
  }
  function push(session: Session, t: string, d: unknown): void {
    const event = { t, s: ++session.sequence, d: structuredClone(d) }
    session.events.push(event)
    sendEvent(session, event)
  }

  function speak(socket: WebSocket): void {
    let session: (Session & { intents: number }) | undefined
    socket.on('error', () => undefined) // Dropped by a test.
    socket.on('close', () => {
      if (session?.socket === socket) session.socket = undefined
      options.changed()
    })
    socket.on('message', (raw) => {
      if (deaf) return
      const { op: code, d } = JSON.parse(String(raw)) as { op: number; d: Record<string, unknown> & number }
      switch (code) {
        case op.heartbeat:
          if (session !== undefined && typeof d === 'number') session.acknowledged = Math.max(session.acknowledged, d)
          send(socket, { op: op.heartbeatAck })
          break
        case op.identify: {
          const intents = Number(d['intents'])
          identifies.push({ intents, at: Date.now() })
          if (options.revoked() || d['token'] !== options.token()) return socket.close(4004, 'Authentication failed.')
          if ((intents & privileged & ~options.allowedIntents()) !== 0) return socket.close(4014, 'Disallowed intent(s).')
          session = { id: `session${++lastId}`, events: [], sequence: 0, socket, valid: true, acknowledged: 0, intents }
          sessions.set(session.id, session)
          push(session, 'READY', { v: 10, session_id: session.id, resume_gateway_url: options.resumeUrl(), ...options.ready() })
          for (const guild of options.guilds()) push(session, 'GUILD_CREATE', guild)
          break
        }
        case op.resume: {
          const wanted = sessions.get(String(d['session_id']))
          const sequence = Number(d['seq'])
          const refusal = refusals.shift()
          resumes.push({ sequence, accepted: wanted?.valid === true && refusal === undefined })
          if (refusal !== undefined) return socket.close(refusal)
          if (options.revoked() || d['token'] !== options.token()) return socket.close(4004, 'Authentication failed.')
          if (wanted === undefined || !wanted.valid) return send(socket, { op: op.invalidSession, d: false })
          if (sequence > wanted.sequence) return socket.close(4007, 'Invalid seq.')
          wanted.socket?.terminate()
          session = wanted
          session.socket = socket
          session.acknowledged = Math.max(session.acknowledged, sequence)
          for (const event of session.events.filter((one) => one.s > sequence)) sendEvent(session, event)
          push(session, 'RESUMED', {})
          break
        }
        default:
          break
      }
      options.changed()
    })
    send(socket, { op: op.hello, d: { heartbeat_interval: options.heartbeatMs } })
  }

  let asking: NodeJS.Timeout | undefined
  /** Discord may ask for a heartbeat between two of them: it says how far the other side is. */
  function askForHeartbeats(): void {
    asking ??= setTimeout(() => {
      asking = undefined
      for (const { socket } of live()) if (socket !== undefined) send(socket, { op: op.heartbeat, d: null })
    }, 20).unref()
  }

  const live = (): (Session & { intents: number })[] => [...sessions.values()].filter((session) => session.valid)

  return {
    identifies, resumes,
    dispatch(t, d, intent) {
      const listeners = live().filter((session) => intent === 0 || (session.intents & intent) !== 0)
      for (const session of listeners) {
        const mayRead = (session.intents & (1 << 15)) !== 0
        const message = d as { guild_id?: string; mentions?: { id: string }[]; content?: string }
        // Without the intent the words of others are withheld; those that mention the bot are not.
        const hidden = t === 'MESSAGE_CREATE' && message.guild_id !== undefined && !mayRead && !(message.mentions ?? []).some((user) => user.id === (options.ready() as { user: { id: string } }).user.id)
        push(session, t, hidden ? { ...message, content: '', attachments: [], embeds: [] } : d)
      }
      return listeners.length > 0
    },
    redeliverLast() {
      for (const session of live()) {
        const last = session.events.findLast((event) => event.t === 'MESSAGE_CREATE')
        if (last !== undefined) push(session, last.t, last.d)
      }
    },
    acknowledged(t, matches) {
      const isThere = live().some((session) => session.events.some((event) => event.t === t && matches(event.d) && event.s <= session.acknowledged))
      if (!isThere) askForHeartbeats()
      return isThere
    },
    closeAll(code) {
      for (const socket of wss.clients) socket.close(code)
    },
    askReconnect() {
      for (const session of live()) if (session.socket !== undefined) send(session.socket, { op: op.reconnect, d: null })
    },
    forgetSessions() {
      for (const session of sessions.values()) session.valid = false
    },
    deafen(on) {
      deaf = on
    },
    dropSockets() {
      for (const socket of wss.clients) socket.terminate()
    },
    refuseResume: (code) => void refusals.push(code),
    sessions: () => live().filter((session) => session.socket !== undefined).length,
    stop() {
      for (const socket of wss.clients) socket.terminate()
      wss.close()
    },
  }
}
