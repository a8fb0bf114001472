import { createDecipheriv, createECDH, createPublicKey, hkdfSync, randomBytes, verify, type ECDH } from 'node:crypto'
import type { IncomingHttpHeaders, RequestListener } from 'node:http'

/** What a browser hands to whoever may push to it. */
export interface PushBrowser { endpoint: string; keys: { p256dh: string; auth: string } }

/** One message that was taken. `message`: what the browser read. */
export interface TakenPush { path: string; ttlSeconds: number; urgency: string; message: Record<string, unknown> }

export interface PushService {
  handler: RequestListener
  /** A browser that subscribed here with the gateway's key (`applicationServerKey`, base64url). */
  browser(path: string, applicationKey: string): PushBrowser
  taken: TakenPush[]
  /** Rules that were broken, in order. */
  faults: string[]
  /** What the next requests are answered with, in order, in place of taking them. */
  refuse: { status: number; headers?: Record<string, string> }[]
  /** How many requests came, refused ones included. */
  asked(): number
  /** The message at this place in the order, once it is there. */
  message(at: number): Promise<TakenPush>
}

interface Subscribed { keys: ECDH; auth: Buffer; applicationKey: string }

/** The largest body a service must take (RFC 8030, 7.2). */
const bodyMax = 4096
const tokenLifeMaxSeconds = 86_400

export function createPushService(host: string): PushService {
  const browsers = new Map<string, Subscribed>()
  const watchers = new Set<() => void>()
  let asked = 0
  const service: PushService = {
    taken: [], faults: [], refuse: [], asked: () => asked,
    browser(path, applicationKey) {
      const keys = createECDH('prime256v1')
      const known: Subscribed = { keys, auth: randomBytes(16), applicationKey }
      const p256dh = keys.generateKeys().toString('base64url')
      browsers.set(path, known)
      return { endpoint: `https://${host}${path}`, keys: { p256dh, auth: known.auth.toString('base64url') } }
    },
    handler(request, response) {
      const pieces: Buffer[] = []
      request.on('data', (piece: Buffer) => pieces.push(piece))
      request.on('end', () => {
        asked += 1
        const refusal = service.refuse.shift()
        if (refusal !== undefined) return void response.writeHead(refusal.status, refusal.headers).end()
        const path = request.url ?? ''
        const known = browsers.get(path)
        if (known === undefined) return void response.writeHead(404).end()
        const fault = request.method === 'POST' ? senderFault(request.headers, `https://${host}`, known.applicationKey) ?? messageFault(request.headers, Buffer.concat(pieces)) : { status: 405, rule: 'A message is posted.' }
        if (fault !== undefined) {
          service.faults.push(fault.rule)
          return void response.writeHead(fault.status).end()
        }
        try {
          const message = JSON.parse(open(Buffer.concat(pieces), known).toString('utf8')) as Record<string, unknown>
          service.taken.push({ path, ttlSeconds: Number(request.headers['ttl']), urgency: String(request.headers['urgency'] ?? 'normal'), message })
        } catch (error) {
          service.faults.push(`The browser cannot read it: ${String(error)}`)
        }
        response.writeHead(201, { Location: `https://${host}/message/${asked}` }).end()
        watchers.forEach((watch) => watch())
      })
    },
    message: (at) => new Promise((resolve) => {
      const look = (): void => {
        const found = service.taken[at]
        if (found === undefined) return
        watchers.delete(look)
        resolve(found)
      }
      watchers.add(look)
      look()
    }),
  }
  return service
}

interface Fault { status: number; rule: string }

/** Who sends proves it with a token that is for this service, of today, signed with the key the browser subscribed with. */
function senderFault(headers: IncomingHttpHeaders, audience: string, applicationKey: string): Fault | undefined {
  const [, token = '', key = ''] = /^vapid t=([\w-]+\.[\w-]+\.[\w-]+), ?k=([\w-]+)$/.exec(headers.authorization ?? '') ?? []
  if (token === '') return { status: 401, rule: 'Authorization must be `vapid t=…, k=…`.' }
  if (key !== applicationKey) return { status: 403, rule: 'The key is not the one this browser subscribed with.' }
  const point = Buffer.from(key, 'base64url')
  if (point.length !== 65 || point[0] !== 4) return { status: 403, rule: 'The key must be an uncompressed P-256 point.' }
  const [head = '', claims = '', signature = ''] = token.split('.')
  const read = (part: string): Record<string, unknown> => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>
  if (read(head)['alg'] !== 'ES256') return { status: 403, rule: 'The token must be signed with ES256.' }
  const publicKey = createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') } })
  if (!verify('sha256', Buffer.from(`${head}.${claims}`), { key: publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))) return { status: 403, rule: 'The signature is wrong.' }
  const { aud, exp, sub } = read(claims)
  const now = Date.now() / 1000
  if (aud !== audience) return { status: 403, rule: `The token is for ${String(aud)}.` }
  if (typeof exp !== 'number' || exp <= now || exp > now + tokenLifeMaxSeconds) return { status: 403, rule: 'The token must end within 24 hours, and not be over.' }
  if (sub !== undefined && !/^(?:mailto:|https:)/.test(String(sub))) return { status: 403, rule: 'The sender must be reachable by mail or https.' }
  return undefined
}

function messageFault(headers: IncomingHttpHeaders, body: Buffer): Fault | undefined {
  if (!/^\d+$/.test(String(headers['ttl'] ?? ''))) return { status: 400, rule: 'A TTL is required.' }
  if (headers['urgency'] !== undefined && !['very-low', 'low', 'normal', 'high'].includes(String(headers['urgency']))) return { status: 400, rule: 'No such urgency.' }
  if (headers['content-encoding'] !== 'aes128gcm') return { status: 400, rule: 'The content must be aes128gcm.' }
  if (body.length > bodyMax) return { status: 413, rule: `At most ${bodyMax} bytes.` }
  return undefined
}

/** RFC 8291: one record, whose delimiter is 2; the sender's key of one message stands in its head. */
function open(body: Buffer, { keys, auth }: Subscribed): Buffer {
  const salt = body.subarray(0, 16)
  const recordSize = body.readUInt32BE(16)
  const sender = body.subarray(21, 21 + (body[20] ?? 0))
  const sealed = body.subarray(21 + sender.length)
  if (sender.length !== 65 || sealed.length > recordSize) throw new Error('one record with a key of 65 bytes')
  const shared = hkdfSync('sha256', keys.computeSecret(sender), auth, Buffer.concat([Buffer.from('WebPush: info\0'), keys.getPublicKey(), sender]), 32)
  const key = Buffer.from(hkdfSync('sha256', Buffer.from(shared), salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16))
  const nonce = Buffer.from(hkdfSync('sha256', Buffer.from(shared), salt, Buffer.from('Content-Encoding: nonce\0'), 12))
  const opener = createDecipheriv('aes-128-gcm', key, nonce)
  opener.setAuthTag(sealed.subarray(-16))
  const plain = Buffer.concat([opener.update(sealed.subarray(0, -16)), opener.final()])
  const end = plain.findLastIndex((byte) => byte !== 0)
  if (plain[end] !== 2) throw new Error('the last record ends with 2')
  return plain.subarray(0, end)
}
