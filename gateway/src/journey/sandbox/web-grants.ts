import { Problem, type AgentId, type DocumentReader, type PrincipalId, type SessionKey, type WebHit, type WebQuery, type WebReader } from '@moltbot/contract'
import type { CallLabel } from './file-labels.ts'

/** Whose turn reaches out. */
export interface WebSubject {
  agent: AgentId
  session: SessionKey
  principal: PrincipalId
  /** The turn is the owner's. */
  owner?: boolean
  /** Absent: no address is reached. */
  label?: CallLabel
}

/** Who really reaches out; made by the egress room. */
export interface WebSource {
  read(who: WebIdentity, url: string, options: { as: 'markdown' | 'text'; charsMax?: number }, signal: AbortSignal): Promise<Awaited<ReturnType<WebReader['read']>> & { links: string[] }>
  picture(who: WebIdentity, url: string, signal: AbortSignal): ReturnType<WebReader['picture']>
  file(who: WebIdentity, url: string, signal: AbortSignal): Promise<{ fileName: string; bytes: Uint8Array }>
  search(who: WebIdentity, query: WebQuery, signal: AbortSignal): Promise<{ hits: WebHit[]; provider: string; hint?: string; boundary: string }>
  pdf(bytes: Buffer, options: { pages?: { first: number; last: number } }, signal: AbortSignal): Promise<{ text: string; truncated: boolean; boundary: string }>
}
interface WebIdentity { use: 'web'; agent: AgentId; principal: PrincipalId; owner: boolean; session: SessionKey }

const pdfBytesMax = 20 * 1_048_576

/**
 * The grants `web` and `documents` of one subject. What was judged is what is reached: once words of strangers may be steering a turn, no
 * address but the judged one, those that stood in what it read, and those at hosts that a person named.
 */
export function webGrants(options: { source: WebSource; readBytes(subject: WebSubject, path: string, bytesMax: number): Promise<Buffer> }): { web(subject: WebSubject): WebReader; documents(subject: WebSubject): DocumentReader; file(subject: WebSubject, url: string, signal: AbortSignal): Promise<{ fileName: string; bytes: Uint8Array }> } {
  const { source } = options
  const whoOf = (subject: WebSubject): WebIdentity => ({ use: 'web', agent: subject.agent, principal: subject.principal, owner: subject.owner === true, session: subject.session })
  const mayReach = (subject: WebSubject, url: string): void => {
    if (subject.label?.mayReach(url) === true) return
    throw new Problem('web-address-unknown', 'This conversation has read something from outside. Without a yes it reaches only addresses that stood in what it read, and hosts that a person named.', {
      next: 'Use an address exactly as it stood there, or ask the person to name the host.',
    })
  }
  return {
    /** To be handed on: nobody here looks into it. */
    file(subject, url, signal) {
      mayReach(subject, url)
      return source.file(whoOf(subject), url, signal)
    },
    web(subject) {
      const who = whoOf(subject)
      return {
        async picture(url, signal) {
          mayReach(subject, url)
          const found = await source.picture(who, url, signal)
          subject.label?.tookStrange()
          return found
        },
        async read(url, asked, signal) {
          mayReach(subject, url)
          // Everything it links to is more than what was shown of it.
          const { links: _, ...page } = await source.read(who, url, asked, signal)
          subject.label?.tookStrange()
          return page
        },
        async search(query, signal) {
          const found = await source.search(who, query, signal)
          subject.label?.tookStrange()
          return found
        },
      }
    },
    documents: (subject) => ({
      async pdf(path, asked, signal) {
        const read = await source.pdf(await options.readBytes(subject, path, pdfBytesMax), asked, signal)
        subject.label?.tookStrange()
        return read
      },
    }),
  }
}
