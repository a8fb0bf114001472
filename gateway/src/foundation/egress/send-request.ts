import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { connect as tlsConnect, type TLSSocket } from 'node:tls'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { Problem, describeError, type Clock, type SecretSource } from '@moltbot/contract'
import type { EgressConfig } from './config.ts'
import { credentialFor } from './credentials.ts'
import type { Gate } from './gate.ts'
import type { LeakScan } from './leak-scan.ts'
import { parseTarget, type Target } from './parse-target.ts'
import type { EgressIdentity } from './types.ts'

const headerBytesMax = 32_768
const headersMax = 200

export interface WebRequest {
  url: string
  /** Beside `host`, `accept-encoding` and `connection`, which are ours. Kept on every hop: nothing secret belongs here. */
  headers: Readonly<Record<string, string>>
  /** The most of the body, before and after unpacking. */
  bytesMax: number
  timeoutMs: number
  redirectsMax: number
  signal: AbortSignal
  /** An origin the operator configured for this request (`http://127.0.0.1:8888`): only it may be near and on any port. */
  trustedOrigin?: string
  /** Sent with POST in place of a GET; such a request follows no redirect. */
  post?: Buffer
  /** A header that only ever goes to the origin of `url`. */
  secretHeader?: { name: string; value: string }
}

export interface WebResponse {
  /** The last address, after redirects. */
  url: string
  status: number
  headers: Readonly<Record<string, string>>
  body: Buffer
  /** Addresses that were asked, in order. */
  hops: string[]
}

export interface SendOptions {
  gate: Gate
  leaks: LeakScan
  config(): EgressConfig
  secrets: SecretSource
  clock: Clock
  /** Further certificate authorities, in tests. */
  ca?: string
}

/**
 * One GET (or one POST), followed over redirects by hand: each hop is judged, resolved and connected like a new request, and takes no credential, cookie or
 * proxy setting with it. Rejects with a `Problem` of this room; the whole answer arrives within the limits or not at all.
 */
export async function sendRequest(options: SendOptions, identity: EgressIdentity, given: WebRequest): Promise<WebResponse> {
  const { gate, leaks, clock } = options
  const controller = new AbortController()
  const stop = (): void => controller.abort('stop')
  given.signal.addEventListener('abort', stop, { once: true })
  if (given.signal.aborted) stop()
  const cancel = clock.after(given.timeoutMs, () => controller.abort('timeout'))
  const { signal } = controller
  const called = new Promise<never>((_, reject) => {
    const end = (): void => reject(signal.reason === 'timeout'
      ? new Problem('egress-timeout', `${hostOf(given.url)} did not answer completely within ${Math.round(given.timeoutMs / 1000)} s.`, { next: 'Try again later, or another source.' })
      : new Problem('egress-timeout', 'The request was called off.'))
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })
  called.catch(() => undefined)
  try {
    return await Promise.race([follow(), called])
  } finally {
    cancel()
    given.signal.removeEventListener('abort', stop)
    controller.abort('done')
  }

  async function follow(): Promise<WebResponse> {
    let target = parseTarget(given.url, given.trustedOrigin)
    const firstOrigin = target.url.origin
    const hops: string[] = []
    for (;;) {
      hops.push(target.url.href)
      const trusted = given.trustedOrigin !== undefined && target.url.origin === given.trustedOrigin
      const permit = trusted ? await gate.judgeTrusted(identity, target) : await gate.judge(identity, target)
      const headers: Record<string, string> = { ...given.headers }
      if (leaks.found(JSON.stringify(headers))) throw gate.refuse(identity, target.host, new Problem('egress-secret', 'The request carries a secret of this gateway, and was not sent.'))
      if (target.secure) {
        const credential = await credentialFor(options.config(), options.secrets, identity, target)
        if (credential !== undefined) headers[credential.header] = credential.value
      }
      if (given.secretHeader !== undefined && target.url.origin === firstOrigin) headers[given.secretHeader.name] = given.secretHeader.value
      const socket = await gate.connect(identity, permit, signal)
      const destroy = (): void => void socket.destroy()
      signal.addEventListener('abort', destroy, { once: true })
      try {
        const answer = await exchange(target, socket, headers)
        const location = answer.headers['location']
        if (![301, 302, 303, 307, 308].includes(answer.statusCode ?? 0) || location === undefined) {
          const body = await readBody(answer, target, given.bytesMax)
          return { url: target.url.href, status: answer.statusCode ?? 0, headers: plainHeaders(answer), body, hops }
        }
        if (hops.length > given.redirectsMax || given.post !== undefined) {
          throw new Problem('egress-redirect', `${hostOf(given.url)} redirects more than ${given.redirectsMax} times.`, { next: 'Ask for the final address directly.' })
        }
        target = nextTarget(target, location)
      } finally {
        signal.removeEventListener('abort', destroy)
        socket.destroy()
      }
    }
  }

  async function exchange(target: Target, socket: Socket, headers: Record<string, string>): Promise<IncomingMessage> {
    const stream = target.secure ? await secure(socket, target, options.ca, signal) : socket
    return new Promise((resolve, reject) => {
      // Without an `agent` of any kind: one would open a connection of its own, by name.
      const request = httpRequest({
        createConnection: () => stream, method: given.post === undefined ? 'GET' : 'POST', path: target.url.pathname + target.url.search, maxHeaderSize: headerBytesMax, setHost: false, signal,
        headers: { host: target.url.host, 'accept-encoding': 'gzip, deflate, br', ...headers, connection: 'close' },
      })
      request.maxHeadersCount = headersMax
      request.once('response', resolve)
      request.once('upgrade', (_, upgraded) => {
        upgraded.destroy()
        reject(new Problem('egress-broken-answer', `${target.host} answered in another protocol.`))
      })
      request.on('error', (error) => reject(new Problem('egress-broken-answer', `${target.host} gave no valid answer: ${describeError(error)}.`, { cause: error })))
      request.end(given.post)
    })
  }
}

/** TLS to a name over a connection that is already there. No setting of the environment loosens it. */
export function secure(socket: Socket, target: Pick<Target, 'host' | 'literal'>, ca: string | undefined, signal: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const tls = tlsConnect({
      socket, ...(target.literal ? { host: target.host } : { servername: target.host }), ALPNProtocols: ['http/1.1'], minVersion: 'TLSv1.2', rejectUnauthorized: true,
      ...(ca === undefined ? {} : { ca }),
    })
    const end = (): void => void tls.destroy()
    signal.addEventListener('abort', end, { once: true })
    tls.once('secureConnect', () => {
      signal.removeEventListener('abort', end)
      resolve(tls)
    })
    tls.on('error', (error) => {
      signal.removeEventListener('abort', end)
      const code = (error as NodeJS.ErrnoException).code ?? ''
      reject(/CERT|SELF_SIGNED|ALTNAME|VERIFY|ISSUER/.test(code)
        ? new Problem('egress-certificate', `The certificate of ${target.host} is not valid for it (${code}).`, { cause: error, next: 'Nothing was sent. Check the address.' })
        : new Problem('egress-unreachable', `No safe connection to ${target.host} came about: ${describeError(error)}.`, { cause: error }))
    })
    tls.once('close', () => reject(new Problem('egress-unreachable', `${target.host} closed the connection.`)))
  })
}

function nextTarget(from: Target, location: string): Target {
  if (!URL.canParse(location, from.url)) throw new Problem('egress-redirect', `${from.host} redirects to something that is no address.`)
  const to = parseTarget(new URL(location, from.url))
  if (from.secure && !to.secure) throw new Problem('egress-redirect', `${from.host} redirects from https to plain http.`, { next: 'Ask for the final address directly if that is wanted.' })
  return to
}

async function readBody(answer: IncomingMessage, target: Target, bytesMax: number): Promise<Buffer> {
  const tooLarge = (): Problem => new Problem('egress-too-large', `The answer of ${target.host} is larger than ${Math.round(bytesMax / 1_048_576)} MiB.`, { next: 'Look for a smaller document.' })
  const announced = Number(answer.headers['content-length'] ?? 0)
  if (announced > bytesMax) throw tooLarge()
  const encoding = (answer.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  const unpack = unpacker(encoding)
  if (unpack === undefined) throw new Problem('egress-broken-answer', `${target.host} packs its answer in a way that is not read (${encoding.slice(0, 40)}).`)
  let packed = 0
  answer.on('data', (piece: Buffer) => {
    packed += piece.length
    if (packed > bytesMax) answer.destroy(tooLarge())
  })
  answer.pause()
  const pieces: Buffer[] = []
  let size = 0
  const stream: Readable = unpack === null ? answer : answer.pipe(unpack)
  if (stream !== answer) answer.once('error', (error) => stream.destroy(error))
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      size += piece.length
      if (size > bytesMax) throw tooLarge()
      pieces.push(piece)
    }
  } catch (error) {
    if (error instanceof Problem) throw error
    throw new Problem('egress-broken-answer', `The answer of ${target.host} broke off: ${describeError(error)}.`, { cause: error, next: 'Try again.' })
  } finally {
    stream.destroy()
    answer.destroy()
  }
  if (!answer.complete) throw new Problem('egress-broken-answer', `The answer of ${target.host} broke off.`, { next: 'Try again.' })
  return Buffer.concat(pieces)
}

/** Null: nothing to unpack. Undefined: unknown. */
function unpacker(encoding: string): ReturnType<typeof createGunzip> | null | undefined {
  switch (encoding) {
    case '':
    case 'identity': return null
    case 'gzip':
    case 'x-gzip': return createGunzip()
    case 'deflate': return createInflate()
    case 'br': return createBrotliDecompress()
    default: return undefined
  }
}

function plainHeaders(answer: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(answer.headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]])))
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'The host'
}
