import { WebSocket } from 'ws'

type Frame = { type: string; id?: string; ok?: boolean; event?: string; payload?: unknown; error?: { message: string } }
export interface Ending { runId: string; state: string; text: string }

/** One operator's connection, as the page has it. */
export interface SocketClient {
  request(method: string, params: Record<string, unknown>): Promise<Record<string, unknown>>
  /** Says something. `stored`: the answer that it is durable; `begun`: the first words of the answer; `ended`: the last event of its run. */
  say(session: string, message: string, runId: string): { stored: Promise<unknown>; begun: Promise<void>; ended: Promise<Ending> }
  close(): void
}

export function openSocket(port: number, token: string): Promise<SocketClient> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: false, maxPayload: 64 * 2 ** 20 })
    const pending = new Map<string, { resolve(payload: Record<string, unknown>): void; reject(error: Error): void }>()
    const runs = new Map<string, { begun(): void; ended(ending: Ending): void }>()
    let next = 0
    const request: SocketClient['request'] = (method, params) => new Promise((done, failed) => {
      const id = String(next++)
      pending.set(id, { resolve: done, reject: failed })
      socket.send(JSON.stringify({ type: 'req', id, method, params }))
    })
    const client: SocketClient = {
      request,
      say(sessionKey, message, runId) {
        let begin = (): void => undefined
        const begun = new Promise<void>((done) => { begin = done })
        const ended = new Promise<Ending>((done) => runs.set(runId, { begun: begin, ended: done }))
        return { stored: request('chat.send', { sessionKey, message, idempotencyKey: runId }), begun, ended }
      },
      close: () => socket.terminate(),
    }
    socket.on('error', reject)
    socket.on('close', (code, reason) => {
      const lost = new Error(`the connection closed: ${code} ${String(reason)}`)
      reject(lost)
      for (const call of pending.values()) call.reject(lost)
    })
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString('utf8')) as Frame
      if (frame.event === 'connect.challenge') {
        request('connect', {
          minProtocol: 3, maxProtocol: 4, client: { id: 'gateway-client', version: '0', platform: 'bench', mode: 'backend' }, role: 'operator', scopes: ['operator.admin'], auth: { token },
        }).then(() => resolve(client), reject)
      } else if (frame.type === 'res') {
        const call = pending.get(frame.id ?? '')
        pending.delete(frame.id ?? '')
        if (frame.ok === true) call?.resolve(frame.payload as Record<string, unknown>)
        else call?.reject(new Error(frame.error?.message ?? 'refused'))
      } else if (frame.event === 'chat') {
        const { runId, state, message } = frame.payload as { runId: string; state: string; message?: { content?: { text?: string }[] } }
        runs.get(runId)?.begun()
        if (state === 'delta') return
        runs.get(runId)?.ended({ runId, state, text: message?.content?.map((part) => part.text ?? '').join('') ?? '' })
        runs.delete(runId)
      }
    })
  })
}
