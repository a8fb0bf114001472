import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer, type WebSocket as ServerLine } from 'ws'
import { ConnectionLost, createGatewayClient, GatewayError, reconnectDelay, type ConnectionState, type GatewayClient, type SocketLike } from './gateway-client.ts'

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

type Frame = { id: string; method: string; params: Record<string, unknown> }

/** A bare server: the test answers every frame. `hello` is given to `connect` unless the test takes it. */
async function serve(handle: (frame: Frame, line: ServerLine) => unknown): Promise<{ url: string; lines: ServerLine[]; connects: () => number }> {
  const http = createServer()
  const server = new WebSocketServer({ server: http })
  const lines: ServerLine[] = []
  let connects = 0
  server.on('connection', (line) => {
    lines.push(line)
    line.send(JSON.stringify({ type: 'event', event: 'connect.challenge', payload: { nonce: 'n', ts: 1 } }))
    line.on('message', (data) => {
      const frame = JSON.parse(String(data)) as Frame
      if (frame.method === 'connect') connects += 1
      const answer = handle(frame, line) ?? (frame.method === 'connect' ? { ok: true, payload: { policy: { tickIntervalMs: 30_000 }, features: { methods: ['x'] }, snapshot: {} } } : undefined)
      if (answer !== undefined) line.send(JSON.stringify({ type: 'res', id: frame.id, ...answer }))
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  cleanups.push(async () => {
    for (const line of lines) line.terminate()
    server.close()
    http.closeAllConnections()
    await new Promise((resolve) => http.close(resolve))
  })
  return { url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/`, lines, connects: () => connects }
}

function connect(url: string, signIn: 'signed-in' | 'signed-out' | 'unknown' = 'signed-in', now: () => number = Date.now): { client: GatewayClient; states: ConnectionState[]; until: (kind: ConnectionState['kind'], nth?: number) => Promise<ConnectionState> } {
  let id = 0
  const client = createGatewayClient({
    url,
    openSocket: (address) => {
      const socket = new WebSocket(address)
      // A browser's socket only closes; this one would also throw what nobody listens for.
      socket.on('error', () => undefined)
      return socket as unknown as SocketLike
    },
    now,
    random: () => 0,
    newId: () => String((id += 1)),
    // Waiting is part of the behaviour, its length is not: everything below handshake length comes at once.
    setTimer: (task, ms) => {
      const timer = setTimeout(task, ms < 15_000 ? 1 : ms)
      return () => clearTimeout(timer)
    },
    checkSignIn: () => Promise.resolve(signIn),
    version: '1', platform: 'test', locale: 'en', userAgent: 'test',
  })
  const states: ConnectionState[] = []
  const watchers = new Set<() => void>()
  client.onState((state) => {
    states.push(state)
    for (const watcher of watchers) watcher()
  })
  cleanups.push(() => client.stop())
  client.start()
  return {
    client, states,
    until: (kind, nth = 1) => new Promise((resolve) => {
      const look = (): void => {
        const found = states.filter((state) => state.kind === kind)[nth - 1]
        if (found === undefined) return
        watchers.delete(look)
        resolve(found)
      }
      watchers.add(look)
      look()
    }),
  }
}

describe('the connection to the gateway', () => {
  it('introduces itself and carries requests', async () => {
    let hello: Frame | undefined
    const { url } = await serve((frame) => {
      if (frame.method === 'connect') hello = frame
      return frame.method === 'x' ? { ok: true, payload: { answer: 42 } } : undefined
    })
    const { client, until } = connect(url)
    await until('online')
    expect(await client.request('x')).toEqual({ answer: 42 })
    expect(hello?.params).toMatchObject({ minProtocol: 4, maxProtocol: 4, client: { id: 'moltbot-control-ui', mode: 'webchat' }, role: 'operator' })
  })

  it('tells a refusal from a lost line', async () => {
    const { url, lines } = await serve((frame) => (frame.method === 'x' ? { ok: false, error: { code: 'INVALID_REQUEST', message: 'no', retryable: false } } : undefined))
    const { client, until } = connect(url)
    await until('online')
    await expect(client.request('x')).rejects.toEqual(new GatewayError('INVALID_REQUEST', 'no', undefined, false))
    const open = client.request('never')
    lines[0]?.terminate()
    await expect(open).rejects.toBeInstanceOf(ConnectionLost)
  })

  it('comes back after the line broke', async () => {
    const { url, lines, connects } = await serve(() => undefined)
    const { until } = connect(url)
    await until('online')
    lines[0]?.terminate()
    await until('online', 2)
    expect(connects()).toBe(2)
  })

  it('finds a line dead that fell silent in its sleep, and asks none that was heard just now', async () => {
    let passed = 0
    let asked = 0
    const { url, connects } = await serve((frame) => {
      asked += frame.method === 'health' ? 1 : 0
      return undefined
    })
    const { client, until } = connect(url, 'signed-in', () => passed)
    await until('online')
    client.retryNow()
    passed = 2_000
    client.retryNow()
    await until('online', 2)
    expect([connects(), asked]).toEqual([2, 1])
  })

  it('says that the gateway restarts when it said so', async () => {
    const { url, lines } = await serve(() => undefined)
    const { until } = connect(url)
    await until('online')
    lines[0]?.close(1012, 'service restart')
    expect(await until('waiting')).toMatchObject({ why: 'restarting' })
    await until('online', 2)
  })

  it.each([[1008, 'unauthorized: session expired'], [4401, '']])('asks to sign in again when closed with %i', async (code, reason) => {
    const { url, lines } = await serve(() => undefined)
    const { until, states } = connect(url)
    await until('online')
    lines[0]?.close(code, reason)
    await until('signed-out')
    expect(states.at(-1)?.kind).toBe('signed-out')
  })

  it('stays connected through a slow consumer close by coming back', async () => {
    const { url, lines } = await serve(() => undefined)
    const { until } = connect(url)
    await until('online')
    lines[0]?.close(1008, 'slow consumer')
    await until('online', 2)
  })

  it('asks to sign in when an upgrade is refused and the cookie is gone', async () => {
    const http = createServer()
    http.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n'))
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => void http.close())
    const { until } = connect(`ws://127.0.0.1:${(http.address() as AddressInfo).port}/`, 'signed-out')
    await until('signed-out')
  })

  it('shows the gateway’s reason when it refuses for good', async () => {
    const { url } = await serve((frame) => (frame.method === 'connect' ? { ok: false, error: { code: 'INVALID_REQUEST', message: 'protocol mismatch' } } : undefined))
    const { until } = connect(url)
    expect(await until('refused')).toEqual({ kind: 'refused', reason: 'protocol mismatch' })
  })

  it('notices that events were missed', async () => {
    const { url, lines } = await serve(() => undefined)
    const { client, until } = connect(url)
    await until('online')
    const gap = new Promise<void>((resolve) => client.onGap(resolve))
    const heard: unknown[] = []
    client.on('chat', (payload) => heard.push(payload))
    for (const seq of [1, 2, 5]) lines[0]?.send(JSON.stringify({ type: 'event', event: 'chat', seq, payload: seq }))
    await gap
    expect(heard).toEqual([1, 2, 5])
  })

  it('is not upset by frames that are no frames', async () => {
    const { url, lines } = await serve((frame) => (frame.method === 'x' ? { ok: true, payload: 1 } : undefined))
    const { client, until } = connect(url)
    await until('online')
    for (const junk of ['', 'null', '[]', '{"type":"res"}', '{"type":"event"}', 'not json']) lines[0]?.send(junk)
    expect(await client.request('x')).toBe(1)
  })

  it('waits longer each time, but never beyond 15 s, and not in step with others', () => {
    expect(reconnectDelay(1, 1)).toBe(800)
    expect(reconnectDelay(1, 0)).toBe(400)
    expect(reconnectDelay(3, 1)).toBeGreaterThan(reconnectDelay(2, 1))
    expect(reconnectDelay(50, 1)).toBe(15_000)
    expect(reconnectDelay(50, 1, true), 'where nobody looks').toBe(300_000)
  })
})
