import { Problem, type AgentId, type DocumentReader, type PrincipalId, type SessionKey, type WebHit, type WebQuery, type WebReader } from '@moltbot/contract'

/** Whose turn reaches out. */
export interface WebSubject {
  agent: AgentId
  session: SessionKey
  principal: PrincipalId
  /** The turn, or the session where there is none: how far what was read is remembered. */
  turn?: string
  /** The turn is the owner's. */
  owner?: boolean
  /** What people said in this conversation, for the addresses they named. */
  words?(): readonly string[]
}

/** Who really reaches out; made by the egress room. */
export interface WebSource {
  read(who: WebIdentity, url: string, options: { as: 'markdown' | 'text'; charsMax?: number }, signal: AbortSignal): Promise<Awaited<ReturnType<WebReader['read']>> & { links: string[] }>
  search(who: WebIdentity, query: WebQuery, signal: AbortSignal): Promise<{ hits: WebHit[]; provider: string; hint?: string; boundary: string }>
  pdf(bytes: Buffer, options: { pages?: { first: number; last: number } }, signal: AbortSignal): Promise<{ text: string; truncated: boolean; boundary: string }>
}
interface WebIdentity { use: 'web'; agent: AgentId; principal: PrincipalId; owner: boolean; session: SessionKey }

const turnsRemembered = 200
const pdfBytesMax = 20 * 1_048_576

/**
 * The grants `web` and `documents` of one subject. Once a turn has read from the web, words of strangers may be steering it: from then on it
 * reaches only addresses that stood in what it read, letter by letter, and hosts that a person named. So nothing it knows can be put into an address.
 */
export function webGrants(options: { source: WebSource; readBytes(subject: WebSubject, path: string, bytesMax: number): Promise<Buffer> }): { web(subject: WebSubject): WebReader; documents(subject: WebSubject): DocumentReader } {
  const { source } = options
  /** Addresses each turn has read about. */
  const seen = new Map<string, Set<string>>()

  function remember(turn: string, links: readonly string[]): void {
    const known = seen.get(turn) ?? new Set<string>()
    seen.delete(turn)
    seen.set(turn, known)
    for (const link of links) known.add(plain(link))
    for (const oldest of seen.keys()) {
      if (seen.size <= turnsRemembered) break
      seen.delete(oldest)
    }
  }

  return {
    web(subject) {
      const turn = subject.turn ?? subject.session
      const who: WebIdentity = { use: 'web', agent: subject.agent, principal: subject.principal, owner: subject.owner === true, session: subject.session }
      return {
        async read(url, asked, signal) {
          const known = seen.get(turn)
          if (known !== undefined && !known.has(plain(url)) && !isNamed(url, subject.words?.() ?? [])) {
            throw new Problem('web-address-unknown', 'This turn has read from the web. Now it reaches only addresses that stood in what it read, and hosts that a person named.', {
              next: 'Use an address exactly as it stood there, or ask the person to name the host.',
            })
          }
          const { links, ...page } = await source.read(who, url, asked, signal)
          remember(turn, [url, page.url, ...links])
          return page
        },
        async search(query, signal) {
          const found = await source.search(who, query, signal)
          remember(turn, found.hits.map((hit) => hit.url))
          return found
        },
      }
    },
    documents: (subject) => ({
      async pdf(path, asked, signal) {
        const read = await source.pdf(await options.readBytes(subject, path, pdfBytesMax), asked, signal)
        remember(subject.turn ?? subject.session, [])
        return read
      },
    }),
  }
}

/** One spelling of an address, without what follows `#`. */
function plain(url: string): string {
  if (!URL.canParse(url)) return url
  const parsed = new URL(url)
  parsed.hash = ''
  return parsed.href
}

/** A person wrote this host, or one it belongs to. */
function isNamed(url: string, words: readonly string[]): boolean {
  if (!URL.canParse(url)) return false
  const host = new URL(url).hostname.toLowerCase().replace(/\.$/, '')
  return words.some((text) => [...text.toLowerCase().matchAll(/[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+/g)].some(([named]) => {
    const base = named.replace(/^www\./, '')
    return base.includes('.') && (host === base || host.endsWith(`.${base}`))
  }))
}
