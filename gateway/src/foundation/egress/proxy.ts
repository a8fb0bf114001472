import { createServer, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Problem, describeError } from '@moltbot/contract'
import { readClientHello } from './client-hello.ts'
import { credentialFor, credentialRule } from './credentials.ts'
import { parseAuthority, parseTarget, type Target } from './parse-target.ts'
import { secure, type SendOptions } from './send-request.ts'
import type { EgressIdentity } from './types.ts'

const headerBytesMax = 32_768
const connectionsMax = 256
const helloTimeoutMs = 10_000
const idleTimeoutMs = 300_000
/** Headers of one connection, and those that tell the other side about us. */
const hopHeaders = new Set(['connection', 'proxy-connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'forwarded', 'via', 'x-forwarded-for', 'host', 'expect'])

export interface ProxyOptions extends SendOptions {
  /** Who holds this capability; undefined: nobody. */
  identityOf(token: string): EgressIdentity | undefined
  /** Whoever reaches this proxy is this one, whatever they say. Absent: they say it by their capability. */
  always?: EgressIdentity
}

/**
 * The forward proxy: CONNECT for TLS only, with the name inside the TLS greeting equal to the granted one; absolute addresses for plain http. A
 * plain request to a host that has a credential leaves over https with it, so the client never holds it. Not listening yet.
 */
export function createProxy(options: ProxyOptions): Server {
  const { gate, leaks, clock } = options
  const server = createServer({ maxHeaderSize: headerBytesMax, headersTimeout: 10_000, requestTimeout: 0, keepAliveTimeout: 5_000, insecureHTTPParser: false })
  server.maxConnections = connectionsMax
  server.maxHeadersCount = 200

  const identify = (headers: IncomingHttpHeaders): EgressIdentity | undefined => {
    if (options.always !== undefined) return options.always
    const [, kind = '', value = ''] = /^(basic|bearer) +(\S{1,400})$/i.exec(headers['proxy-authorization'] ?? '') ?? []
    const token = kind.toLowerCase() === 'basic' ? Buffer.from(value, 'base64').toString('latin1').split(':').slice(1).join(':') : value
    return token === '' ? undefined : options.identityOf(token)
  }

  server.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
    client.on('error', () => client.destroy())
    tunnel(request, client as Socket, head).catch((error: unknown) => refuseSocket(client as Socket, error))
  })
  server.on('request', (request, response) => {
    forward(request, response).catch((error: unknown) => refuseResponse(response, error))
  })
  server.on('clientError', (_, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n')
    else socket.destroy()
  })

  async function tunnel(request: IncomingMessage, client: Socket, head: Buffer): Promise<void> {
    const identity = identify(request.headers)
    if (identity === undefined) throw new NoIdentity()
    const controller = new AbortController()
    client.once('close', () => controller.abort('gone'))
    let target: Target
    try {
      target = parseAuthority(request.url ?? '')
      const { host } = request.headers
      if (host !== undefined && host.toLowerCase() !== (request.url ?? '').toLowerCase() && host.toLowerCase() !== target.host) throw new Problem('egress-url', 'The Host header names another host than the request.')
    } catch (error) {
      throw error instanceof Problem ? gate.refuse(identity, shown(request.url), error) : error
    }
    const permit = await gate.judge(identity, target)
    const upstream = await gate.connect(identity, permit, controller.signal)
    upstream.once('close', () => client.destroy())
    client.once('close', () => upstream.destroy())
    client.write('HTTP/1.1 200 Connection established\r\n\r\n')
    const hello = await greeting(client, head, target).catch((error: unknown) => {
      if (error instanceof Problem) gate.refuse(identity, target.host, error)
      upstream.destroy()
      client.destroy()
    })
    if (hello === undefined) return
    upstream.setTimeout(idleTimeoutMs, () => upstream.destroy())
    upstream.write(hello)
    pump(client, upstream)
    pump(upstream, client)
  }

  /** One direction, up to the cap; then both ends are closed. */
  function pump(from: Socket, to: Socket): void {
    const bytesMax = options.config().mbPerConnection * 1_048_576
    let bytes = 0
    from.on('data', (piece: Buffer) => {
      bytes += piece.length
      if (bytes > bytesMax) {
        from.destroy()
        to.destroy()
      } else if (!to.write(piece)) from.pause()
    })
    to.on('drain', () => from.resume())
    from.once('end', () => to.end())
    from.resume()
  }

  /** Everything the client said up to the end of its TLS greeting, once that names the granted host. */
  function greeting(client: Socket, head: Buffer, target: Target): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      let bytes = head
      const cancel = clock.after(helloTimeoutMs, () => end(new Problem('egress-url', 'The client did not begin to speak TLS.')))
      const closed = (): void => end(new Error('the client left'))
      function end(result: Buffer | Error): void {
        cancel()
        client.off('data', more)
        client.off('close', closed)
        client.pause()
        if (result instanceof Error) reject(result)
        else resolve(result)
      }
      function look(): void {
        const hello = bytes.length === 0 ? { kind: 'more' as const } : readClientHello(bytes)
        if (hello.kind === 'more') return
        if (hello.kind === 'not-tls') return end(new Problem('egress-url', `Only TLS goes through a tunnel, and this for ${target.host} was not.`, { next: 'Plain http goes through the proxy with its whole address.' }))
        if (hello.kind === 'no-name' ? !target.literal : hello.name !== target.host) {
          return end(new Problem('egress-host-refused', `The TLS greeting ${hello.kind === 'name' ? 'names another host' : 'names no host'} than the tunnel to ${target.host}.`))
        }
        end(bytes)
      }
      function more(piece: Buffer): void {
        bytes = Buffer.concat([bytes, piece])
        look()
      }
      client.on('data', more)
      client.once('close', closed)
      look()
    })
  }

  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const identity = identify(request.headers)
    if (identity === undefined) throw new NoIdentity()
    const controller = new AbortController()
    response.once('close', () => controller.abort('gone'))
    let target: Target
    try {
      target = parseTarget(request.url ?? '')
      if (target.secure) throw new Problem('egress-url', 'https goes through a tunnel (CONNECT).')
      const { host } = request.headers
      if (host !== undefined && host.toLowerCase() !== target.url.host && host.toLowerCase() !== `${target.url.host}:80`) throw new Problem('egress-url', 'The Host header names another host than the address.')
    } catch (error) {
      throw error instanceof Problem ? gate.refuse(identity, shown(request.url), error) : error
    }
    if (Number(request.headers['content-length'] ?? 0) > options.config().mbPerConnection * 1_048_576) {
      throw gate.refuse(identity, target.host, new Problem('egress-quota', 'The request is larger than one connection may carry.', { next: 'The owner can raise egress.mbPerConnection.' }))
    }
    const withCredential = credentialRule(options.config(), identity, target) !== undefined
    if (withCredential) target = parseTarget(new URL(target.url.href.replace(/^http:\/\/([^/]*?)(?::80)?\//, 'https://$1/')))
    const headers: Record<string, string | string[]> = { host: target.url.host }
    const listed = (request.headers.connection ?? '').toLowerCase().split(',').map((name) => name.trim())
    for (const [name, value] of Object.entries(request.headers)) if (value !== undefined && !hopHeaders.has(name) && !listed.includes(name)) headers[name] = value
    // Without it a body that came in pieces would follow the headers as it is, and be read as further requests.
    if (request.headers['transfer-encoding'] !== undefined) headers['transfer-encoding'] = 'chunked'
    if (leaks.found(JSON.stringify(headers))) throw gate.refuse(identity, target.host, new Problem('egress-secret', 'The request carries a secret of this gateway, and was not sent.'))
    const permit = await gate.judge(identity, target)
    const credential = withCredential ? await credentialFor(options.config(), options.secrets, identity, target) : undefined
    if (credential !== undefined) headers[credential.header] = credential.value
    const socket = await gate.connect(identity, permit, controller.signal)
    response.once('close', () => socket.destroy())
    socket.setTimeout(idleTimeoutMs, () => socket.destroy())
    const stream = target.secure ? await secure(socket, target, options.ca, controller.signal) : socket
    await exchange(request, response, { identity, target, headers, stream })
  }

  function exchange(request: IncomingMessage, response: ServerResponse, { identity, target, headers, stream }: { identity: EgressIdentity; target: Target; headers: Record<string, string | string[]>; stream: Socket }): Promise<void> {
    const bytesMax = options.config().mbPerConnection * 1_048_576
    return new Promise((resolve, reject) => {
      const onward = httpRequest({
        createConnection: () => stream, method: request.method ?? 'GET', path: target.url.pathname + target.url.search, setHost: false, maxHeaderSize: headerBytesMax, headers: { ...headers, connection: 'close' },
      })
      const fail = (problem: Problem): void => {
        onward.destroy()
        reject(problem)
      }
      const leaking = leaks.stream()
      let sent = 0
      request.on('data', (piece: Buffer) => {
        sent += piece.length
        if (sent > bytesMax) return fail(gate.refuse(identity, target.host, new Problem('egress-quota', 'The request is larger than one connection may carry.')))
        if (leaking(piece)) return fail(gate.refuse(identity, target.host, new Problem('egress-secret', 'The request carries a secret of this gateway, and was broken off.')))
        if (!onward.write(piece)) request.pause()
      })
      onward.on('drain', () => request.resume())
      request.once('end', () => onward.end())
      request.once('error', () => onward.destroy())
      onward.on('error', (error) => reject(new Problem('egress-broken-answer', `${target.host} gave no valid answer: ${describeError(error)}.`, { cause: error })))
      onward.once('upgrade', (_, upgraded) => {
        upgraded.destroy()
        reject(new Problem('egress-broken-answer', `${target.host} answered in another protocol.`))
      })
      onward.once('response', (answer) => {
        const back: Record<string, string | string[]> = {}
        for (const [name, value] of Object.entries(answer.headers)) if (value !== undefined && !hopHeaders.has(name)) back[name] = value
        response.writeHead(answer.statusCode ?? 502, back)
        let got = 0
        answer.on('data', (piece: Buffer) => {
          got += piece.length
          if (got > bytesMax) response.destroy()
          else if (!response.write(piece)) answer.pause()
        })
        response.on('drain', () => answer.resume())
        answer.once('end', () => response.end(resolve))
        answer.once('error', () => response.destroy())
        response.once('close', () => resolve())
      })
    })
  }

  return server
}

/** The client did not say who it is. */
class NoIdentity extends Error {}

function refusal(error: unknown): { status: string; headers: Record<string, string>; text: string } {
  if (error instanceof NoIdentity) return { status: '407 Proxy Authentication Required', headers: { 'proxy-authenticate': 'Basic realm="moltbot"' }, text: 'This proxy serves the gateway\'s own tools only.\n' }
  if (!(error instanceof Problem)) return { status: '502 Bad Gateway', headers: {}, text: 'The request failed.\n' }
  const failed = ['egress-unreachable', 'egress-unresolved', 'egress-broken-answer', 'egress-certificate', 'egress-timeout'].includes(error.code)
  return { status: failed ? '502 Bad Gateway' : '403 Forbidden', headers: { 'x-moltbot-refused': error.code }, text: `${error.explain()}\n` }
}

function refuseSocket(socket: Socket, error: unknown): void {
  if (!socket.writable) return void socket.destroy()
  const { status, headers, text } = refusal(error)
  const lines = Object.entries({ ...headers, 'content-type': 'text/plain; charset=utf-8', 'content-length': String(Buffer.byteLength(text)), connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n${text}`)
}

function refuseResponse(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) return void response.destroy()
  const { status, headers, text } = refusal(error)
  response.writeHead(Number(status.slice(0, 3)), { ...headers, 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
  response.end(text)
}

/** What a client asked for, short and plain enough for the record. */
function shown(text: string | undefined): string {
  return (text ?? '').replaceAll(/[^\x21-\x7e]/g, '?').slice(0, 120)
}
