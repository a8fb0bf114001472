/** Only this machine can reach it. Names are judged by what they promise, never looked up. */
export function isLoopback(host: string): boolean {
  const bare = host.trim().toLowerCase().replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '').replace(/^::ffff:(?=\d)/, '')
  return bare === 'localhost' || bare.endsWith('.localhost') || bare === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare)
}

/** An address of a tailnet, whose own transport is encrypted. */
export function isTailnet(host: string): boolean {
  return /^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.\d{1,3}\.\d{1,3}$/.test(host.trim()) || /\.ts\.net\.?$/i.test(host.trim())
}

/** The parts of an address; undefined: it is none. */
function partsOf(url: string): { scheme: string; host: string } | undefined {
  const parsed = URL.parse === undefined ? parse(url) : URL.parse(url)
  return parsed === null || parsed === undefined ? undefined : { scheme: parsed.protocol.replace(/:$/, ''), host: parsed.hostname }
}

function parse(url: string): URL | undefined {
  try {
    return new URL(url)
  } catch {
    // No address: the configuration's own validation says so.
    return undefined
  }
}

/** Words on this way could be read by others: no encryption, and not only this machine or a tailnet. */
export function travelsInTheClear(url: string): boolean {
  const parts = partsOf(url)
  return parts !== undefined && (parts.scheme === 'http' || parts.scheme === 'ws') && !isLoopback(parts.host) && !isTailnet(parts.host)
}
