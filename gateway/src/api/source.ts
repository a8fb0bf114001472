import { BlockList, isIP } from 'node:net'
import type { IncomingMessage } from 'node:http'
import type { GatewayConfig } from './config.ts'
import { isUnixPeer, unixPeer } from './unix-peers.ts'

/** Where a request came from, decided once; nobody else looks at addresses, `Host`, `Origin` or forwarding headers. */
export type Source =
  | { kind: 'refused'; status: 400 | 403 | 421; code: 'host' | 'origin' | 'forwarded'; reason: string; address: string }
  | {
      kind: 'known'
      /** The client's address: the socket's, or what a trusted proxy says. */
      address: string
      /** Straight from this machine, under a name of this machine, through no proxy. Never an authenticator by itself. */
      local: boolean
      /** Sent by a web page (or claiming so): then no favour is done to loopback. */
      browser: boolean
      origin: string | undefined
      /** The page is one of ours: same origin, or the browser vouches for it. */
      sameOrigin: boolean
      /** Another site made the browser send this. */
      crossSite: boolean
    }

const loopbackNames = new Set(['localhost', '127.0.0.1', '::1'])
const forwardingHeaders = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'cf-connecting-ip', 'true-client-ip', 'x-client-ip']

/** The address without the IPv4-in-IPv6 dress and zone. */
export function plainAddress(address: string | undefined): string {
  const bare = (address ?? '').replace(/%.*$/s, '')
  return bare.startsWith('::ffff:') && bare.includes('.') ? bare.slice(7) : bare
}

export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.')
}

function hostNameOf(host: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::(\d{1,5}))?$/i.exec(host)
  return (match?.[1] ?? match?.[2])?.toLowerCase()
}

/** Whether an address is one of the list's addresses or in one of its CIDR ranges. */
export function inAddressList(address: string, list: readonly string[]): boolean {
  if (isIP(address) === 0) return false
  const block = new BlockList()
  for (const entry of list) {
    const [base = '', bits] = entry.trim().split('/')
    const family = isIP(base)
    if (family === 0) continue
    const type = family === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) block.addAddress(base, type)
    else if (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 6 ? 128 : 32)) block.addSubnet(base, Number(bits), type)
  }
  return block.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

/** The right-most hop that is no proxy of ours; undefined when the header does not hold addresses. */
function clientBehindProxy(header: string, trusted: readonly string[]): string | undefined {
  const hops = header.split(',').map((hop) => plainAddress(hop.trim().replace(/^\[(.*)\](?::\d+)?$/, '$1')))
  for (const hop of hops.reverse()) {
    if (isIP(hop) === 0) return undefined
    if (!inAddressList(hop, trusted)) return hop
  }
  return undefined
}

const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value.join(',') : value)

/** Judges the envelope of a request before anything in it is read. `strictOrigin`: a foreign origin is refused (upgrades and everything that changes state). */
export function judgeSource(request: IncomingMessage, config: GatewayConfig, strictOrigin: boolean): Source {
  const peer = isUnixPeer(request.socket) ? unixPeer : plainAddress(request.socket.remoteAddress)
  const refused = (status: 400 | 403 | 421, code: 'host' | 'origin' | 'forwarded', reason: string): Source => ({ kind: 'refused', status, code, reason, address: peer })

  const forwarded = forwardingHeaders.filter((name) => request.headers[name] !== undefined)
  const viaProxy = inAddressList(peer, config.trustedProxies)
  let address = peer
  if (forwarded.length > 0) {
    if (!viaProxy) return refused(403, 'forwarded', `Forwarding headers (${forwarded.join(', ')}) are accepted only from gateway.trustedProxies.`)
    const chain = one(request.headers['x-forwarded-for']) ?? one(request.headers['x-real-ip'])
    const client = chain === undefined ? undefined : clientBehindProxy(chain, config.trustedProxies)
    if (client === undefined) return refused(403, 'forwarded', 'The proxy did not say for whom it speaks (X-Forwarded-For).')
    address = client
  }

  const host = request.headers.host ?? ''
  const name = hostNameOf(host)
  const configured = [config.customBindHost, ...config.allowedHosts, ...config.controlUi.allowedOrigins.map((origin) => (URL.canParse(origin) ? new URL(origin).hostname : ''))]
    .map((given) => given.toLowerCase().replace(/^\[(.*)\]$/, '$1'))
  // An address the peer really connected to cannot be a rebound name.
  const ownAddress = plainAddress(request.socket.localAddress)
  if (name === undefined || !(loopbackNames.has(name) || name === ownAddress || (name !== '' && configured.includes(name)))) {
    return refused(421, 'host', `This gateway does not answer to the name "${host.slice(0, 100)}". Add it to gateway.allowedHosts if it is yours.`)
  }

  const origin = one(request.headers.origin)
  const site = one(request.headers['sec-fetch-site'])
  // A proxy may end the encryption; without one the page came the way this request did.
  const schemes = viaProxy ? ['http', 'https'] : ['encrypted' in request.socket && request.socket.encrypted === true ? 'https' : 'http']
  const ownOrigin = origin !== undefined && schemes.some((scheme) => origin.toLowerCase() === `${scheme}://${host.toLowerCase()}`)
  const listed = origin !== undefined && origin !== 'null' && config.controlUi.allowedOrigins.includes(origin)
  const vouched = (origin === undefined || origin === 'null') && site === 'same-origin'
  if (strictOrigin) {
    if (origin !== undefined && !ownOrigin && !listed && !vouched) return refused(403, 'origin', `origin not allowed (${origin.slice(0, 100)}); add it to gateway.controlUi.allowedOrigins if it is yours`)
    // A browser that names our origin and another site at once is none.
    if (ownOrigin && site !== undefined && site !== 'same-origin' && site !== 'none') return refused(403, 'origin', 'origin not allowed (cross-site request)')
    if (origin === undefined && site !== undefined && site !== 'same-origin' && site !== 'none') return refused(403, 'origin', 'origin not allowed (cross-site request)')
  }
  return {
    kind: 'known',
    address,
    local: !viaProxy && forwarded.length === 0 && (isLoopback(peer) || peer === unixPeer) && loopbackNames.has(name),
    browser: origin !== undefined || site !== undefined,
    origin,
    sameOrigin: ownOrigin || listed || vouched,
    crossSite: site === 'cross-site' || site === 'same-site',
  }
}
