/** Which addresses a turn may reach after it has read strangers' words. */
export interface KnownAddresses {
  /** Strangers wrote this: the addresses in it may be reached as they stand there. */
  read(text: string): void
  /** The person whose turn it is said this: the addresses in it may be reached, and the front pages of the hosts. */
  said(text: string): void
  /** Whether this address may be reached without asking. */
  knows(url: string): boolean
  /** It was reached. */
  reached(url: string): void
}

/** So many addresses of one host that no person named: whoever may choose among many links tells something by the choice. */
export const linksOfHostMax = 20
/** Names of files far more often than of hosts; as hosts they count only in a whole address. */
const fileEndings = /\.(?:md|sh|py|zip|mov|rs|pl|ps)$/

export function knownAddresses(): KnownAddresses {
  const links = new Set<string>()
  const hosts = new Set<string>()
  const counts = new Map<string, number>()
  /** Not looked through yet: a turn hears its whole conversation again, and most turns reach nothing. */
  const unread: { text: string; said: boolean }[] = []
  const takeIn = (text: string): void => {
    for (const link of linksIn(text)) links.add(link)
  }
  const takeInSaid = (text: string): void => {
    // What somebody answers to stands with their answer, and may be anybody's words.
    const own = text.replace(/\[in reply to [^]*"\]\n/, '')
    takeIn(own)
    if (!own.includes('.')) return
    for (const [, scheme, name = ''] of own.toLowerCase().matchAll(/(https?:\/\/)?([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+)/g)) {
      const host = name.replace(/^www\./, '')
      if (host.includes('.') && (scheme !== undefined || !fileEndings.test(host))) hosts.add(host)
    }
  }
  return {
    read: (text) => void unread.push({ text, said: false }),
    said: (text) => void unread.push({ text, said: true }),
    knows(url) {
      for (const { text, said } of unread.splice(0)) (said ? takeInSaid : takeIn)(text)
      const host = hostOf(url)
      if (host === undefined) return false
      const isNamed = hosts.has(host.replace(/^www\./, ''))
      // A path, a query or a name in front of a host can hold anything the model knows.
      return (isNamed && isFrontPage(url)) || (links.has(plain(url)) && (isNamed || (counts.get(host) ?? 0) < linksOfHostMax))
    },
    reached(url) {
      const host = hostOf(url)
      if (host !== undefined) counts.set(host, (counts.get(host) ?? 0) + 1)
    },
  }
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname.toLowerCase().replace(/\.$/, '') : undefined
}

function isFrontPage(url: string): boolean {
  const { pathname, search, port, username, password } = new URL(url)
  return pathname === '/' && search === '' && port === '' && username === '' && password === ''
}

/** One spelling of an address, without what follows `#`. */
function plain(url: string): string {
  const parsed = new URL(url)
  parsed.hash = ''
  return parsed.href
}

/** Addresses in a text, with and without what may be punctuation or Markdown behind them. */
function linksIn(text: string): string[] {
  if (!text.includes('://')) return []
  return [...text.replaceAll(/\\([_()[\]*~-])/g, '$1').matchAll(/https?:\/\/[^\s<>"'`]+/gi)].flatMap(([found]) => {
    const upToBracket = found.replace(/[)\]}].*$/s, '')
    return [found, upToBracket, found.replace(/(?<![.,;:!?)\]}*_])[.,;:!?)\]}*_]+$/, ''), upToBracket.replace(/(?<![.,;:!?*_])[.,;:!?*_]+$/, '')].filter((link) => URL.canParse(link)).map(plain)
  })
}
