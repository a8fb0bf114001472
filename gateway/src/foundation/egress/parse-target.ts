import { isIP } from 'node:net'
import { Problem } from '@moltbot/contract'

/** Where a request wants to go, spelled in one way only. */
export interface Target {
  url: URL
  /** Lower case, without a dot at its end and without brackets. */
  host: string
  port: number
  secure: boolean
  /** The host is an address, not a name. */
  literal: boolean
}

const urlLengthMax = 8_192
/** Names that only ever mean something on this machine or network. */
const localName = /(?:^|\.)(?:localhost|local|localdomain|internal|intranet|lan|home|corp|private|home\.arpa|onion)$/

/**
 * Throws `Problem('egress-url')` for everything that is not plain http or https to one host: other schemes, names and passwords in the
 * address, spellings that others could read differently. Names that are only known on this machine are refused by `egress-address-refused`,
 * but at `trustedOrigin`, which the operator wrote down.
 */
export function parseTarget(input: string | URL, trustedOrigin?: string): Target {
  const refuse = (why: string): never => {
    throw new Problem('egress-url', `This address cannot be used: ${why}.`, { next: 'Give a plain http or https address.' })
  }
  if (typeof input === 'string') {
    if (input.length > urlLengthMax) refuse(`it is longer than ${urlLengthMax} characters`)
    if (/[\u0000-\u0020\u007f\\]/.test(input.trim())) refuse('it holds blanks, backslashes or control characters')
  }
  const url = typeof input !== 'string' ? new URL(input) : URL.canParse(input.trim()) ? new URL(input.trim()) : refuse('it is not a complete URL')
  if (url.protocol !== 'http:' && url.protocol !== 'https:') refuse(`${url.protocol} is neither http nor https`)
  if (url.username !== '' || url.password !== '') refuse('it holds a name or password')
  const host = plainHost(url.hostname)
  if (host === '') refuse('it has no host')
  const literal = isIP(host) !== 0
  if (!literal) {
    if (host.length > 253 || !/^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/.test(host)) refuse('its host is not a name of the public network')
    if (url.origin !== trustedOrigin && (!host.includes('.') || localName.test(host))) {
      throw new Problem('egress-address-refused', `${host} is a name of this machine or its network.`, { next: 'Only hosts of the public network can be reached.' })
    }
  }
  url.hash = ''
  const secure = url.protocol === 'https:'
  return { url, host, port: url.port === '' ? (secure ? 443 : 80) : Number(url.port), secure, literal }
}

/** `host:port` of a CONNECT request. Here the spelling must already be plain, because a client of its own wrote it. */
export function parseAuthority(authority: string): Target {
  const found = /^(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9_.-]{1,254}):(\d{1,5})$/.exec(authority)
  const [, host = '', port = ''] = found ?? []
  if (found === null || Number(port) < 1 || Number(port) > 65_535) throw new Problem('egress-url', 'This address cannot be used: it is not host:port.')
  const target = parseTarget(`https://${host}:${port}/`)
  if (target.host !== plainHost(host.toLowerCase()) && isIP(plainHost(host)) !== 6) {
    throw new Problem('egress-url', 'This address cannot be used: its host is spelled oddly.', { next: 'Write the host in its usual form.' })
  }
  return target
}

function plainHost(hostname: string): string {
  const host = hostname.toLowerCase()
  return host.startsWith('[') ? host.slice(1, -1) : host.replace(/\.$/, '')
}
