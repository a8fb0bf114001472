import type { IncomingMessage } from 'node:http'
import { urlMax } from './respond.ts'

/** Why a request is answered before anybody looks where it wants to go. */
export interface EnvelopeFault { status: 400 | 414 | 426 | 431 | 505; reason: string; headers?: Readonly<Record<string, string>> }

/** Header lines of one request. */
export const headersMax = 100

/** What the parser let through and we do not: several or no `Host`, too many headers, other versions. Undefined: nothing. */
export function envelopeFault(request: IncomingMessage): EnvelopeFault | undefined {
  if (request.httpVersion !== '1.1' && request.httpVersion !== '1.0') return { status: 505, reason: 'Speak HTTP/1.1.' }
  if (request.rawHeaders.length > headersMax * 2) return { status: 431, reason: `More than ${headersMax} headers.` }
  if ((request.url ?? '').length > urlMax) return { status: 414, reason: 'The address is too long.' }
  const hosts = request.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host')
  if (hosts.length !== 1) return { status: 400, reason: 'Name the host exactly once (Host).' }
  if (!/^(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i.test(request.headers.host ?? '')) return { status: 400, reason: 'That is not the name of a host (Host).' }
  const encoding = request.headers['transfer-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'chunked') return { status: 400, reason: 'The only transfer encoding is chunked.' }
  return undefined
}

/** What is wrong with an upgrade as such (RFC 6455, 4.2.1). Undefined: it is a proper opening handshake. */
export function upgradeFault(request: IncomingMessage): EnvelopeFault | undefined {
  const { headers } = request
  if (request.method !== 'GET') return { status: 400, reason: 'A WebSocket is opened with GET.' }
  if (request.httpVersion !== '1.1') return { status: 400, reason: 'A WebSocket is opened with HTTP/1.1.' }
  const wanted = { Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' }
  if (headers.upgrade?.toLowerCase() !== 'websocket') return { status: 426, reason: 'The only protocol to upgrade to is websocket.', headers: wanted }
  if (headers['sec-websocket-version'] !== '13') return { status: 426, reason: 'The only version of the protocol is 13 (Sec-WebSocket-Version).', headers: wanted }
  if (!/^[+/0-9A-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? '')) return { status: 400, reason: 'The key of the handshake is not 16 bytes in base64 (Sec-WebSocket-Key).' }
  if (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0') return { status: 400, reason: 'An upgrade has no body.' }
  return undefined
}
