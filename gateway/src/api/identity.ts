import type { IncomingMessage } from 'node:http'
import type { GatewayConfig } from './config.ts'
import type { ProxyAssertions } from './proxy-assertion.ts'
import { inAddressList, isLoopback, plainAddress } from './source.ts'

/** Which of the door's listeners a request came through. Only the two others than `ordinary` ever look at an identity header. */
export type Entrance = 'ordinary' | 'proxy' | 'tailscale'

/** `via` names who signs in and by whose word: `proxy:ann@example.org`. */
export type Identified = { kind: 'known'; via: string } | { kind: 'refused'; reason: string }

export interface Identity {
  /** Who the proxy in front says this is. Anything odd about the header is a refusal. */
  of(request: IncomingMessage, entrance: 'proxy' | 'tailscale'): Promise<Identified>
}

const refused = (reason: string): Identified => ({ kind: 'refused', reason })

/** The value of a header that stands there exactly once and is one plain word of at most so many letters; undefined otherwise. */
function onceOf(request: IncomingMessage, name: string, lengthMax = 200): string | undefined {
  const values = request.rawHeaders.filter((_, at) => at % 2 === 1 && request.rawHeaders[at - 1]?.toLowerCase() === name.toLowerCase())
  const [value] = values
  return values.length === 1 && value !== undefined && value.length <= lengthMax && /^[\x21-\x24\x26-\x2b\x2d-\x7e]+$/.test(value) ? value : undefined
}

/** A signed word about a person is longer than a name. */
const assertionLengthMax = 12_000

/** `whois`: the login name Tailscale knows for an address; undefined: none. */
export function createIdentity(options: { config: () => GatewayConfig; whois: (address: string) => Promise<string | undefined>; assertions: ProxyAssertions }): Identity {
  return {
    async of(request, entrance) {
      const { auth, trustedProxies } = options.config()
      const peer = plainAddress(request.socket.remoteAddress)
      if (entrance === 'proxy') {
        const { userHeader, allowUsers, allowLoopback, assertion } = auth.trustedProxy
        if (!inAddressList(peer, trustedProxies) && !(allowLoopback && isLoopback(peer))) return refused('This listener is for the proxies in gateway.trustedProxies.')
        const said = onceOf(request, assertion.header === '' ? userHeader : assertion.header, assertion.header === '' ? 200 : assertionLengthMax)
        if (said === undefined) return refused(`The proxy did not name one person (${assertion.header === '' ? userHeader : assertion.header}).`)
        const named = assertion.header === '' ? { user: said } : await options.assertions.userOf(said, assertion)
        if ('refused' in named) return refused(named.refused)
        const { user } = named
        return allowUsers.includes(user) ? { kind: 'known', via: `proxy:${user}` } : refused('This person is not in gateway.auth.trustedProxy.allowUsers.')
      }
      if (!auth.allowTailscale) return refused('gateway.auth.allowTailscale is off.')
      if (!isLoopback(peer)) return refused('This listener is for tailscale serve on this machine.')
      const user = onceOf(request, 'tailscale-user-login')
      const client = onceOf(request, 'x-forwarded-for')
      if (user === undefined || client === undefined) return refused('Tailscale did not name one person and one address.')
      if ((await options.whois(client)) !== user) return refused('Tailscale knows somebody else behind that address.')
      return auth.tailscale.allowUsers.includes(user) ? { kind: 'known', via: `tailscale:${user}` } : refused('This person is not in gateway.auth.tailscale.allowUsers.')
    },
  }
}
