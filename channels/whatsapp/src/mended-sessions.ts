import { createRequire } from 'node:module'

interface Chain { chainKey: { counter: number; key?: Buffer }; chainType: number }
interface Session { indexInfo: { closed: number; used: number }; currentRatchet: unknown; _chains: Record<string, Chain>; serialize(): object; constructor: unknown }
interface SessionRecord {
  sessions: Record<string, Session>
  closeSession(session: Session): void
  openSession(session: Session): void
  removeOldSessions(): void
}
interface SessionCipher {
  doDecryptWhisperMessage(data: Buffer, session: Session): Promise<Buffer>
  decryptWithSessions(data: Buffer, sessions: Session[]): Promise<{ session: Session; plaintext: Buffer }>
}
interface SessionLibrary { SessionRecord: { prototype: SessionRecord }; SessionCipher: { prototype: SessionCipher }; SessionError: new (words: string) => Error; MessageCounterError: new (words: string) => Error }

/** Of a conversation that was begun anew, so many earlier ones can still be read. A message of one that is older is asked for again. */
const closedSessionsMax = 8
/** Within a conversation each answer closes a chain of keys. So many closed ones are kept for messages that were overtaken, as in WhatsApp's own programs. */
const closedChainsMax = 5

/** What the library's own library keeps its conversations of keys with. */
export function sessionLibrary(): SessionLibrary {
  const here = createRequire(import.meta.url)
  return createRequire(here.resolve('baileys'))('libsignal') as SessionLibrary
}

/**
 * Mends what the library's own library does to conversations of keys. It tries a message with one conversation after the other and spoils each one that
 * does not fit: whatever is sealed with a spoilt one opens nowhere. It keeps every closed chain for good, so that a conversation grows with each answer.
 * A message that was opened before looks to it like one that cannot be opened. And it prints whole conversations, private keys and all, to the standard output.
 */
export function mendSessions({ SessionRecord, SessionCipher, SessionError, MessageCounterError }: SessionLibrary = sessionLibrary()): void {
  SessionCipher.prototype.decryptWithSessions = async function decryptWithSessions(data, sessions) {
    let opened: unknown
    for (const session of sessions) {
      const before = sessions.length > 1 ? copyOf(session) : undefined
      try {
        const plaintext = await this.doDecryptWhisperMessage(data, session)
        session.indexInfo.used = Date.now()
        return { session, plaintext }
      } catch (error) {
        if (before !== undefined) Object.assign(session, { _chains: before._chains, currentRatchet: before.currentRatchet })
        if (error instanceof MessageCounterError) opened = error
      }
    }
    throw opened ?? new SessionError('No matching sessions found for message')
  }
  SessionRecord.prototype.closeSession = (session) => {
    if (session.indexInfo.closed === -1) session.indexInfo.closed = Date.now()
  }
  SessionRecord.prototype.openSession = (session) => void (session.indexInfo.closed = -1)
  SessionRecord.prototype.removeOldSessions = function removeOldSessions() {
    const closed = Object.entries(this.sessions).filter(([, session]) => session.indexInfo.closed !== -1).toSorted(([, a], [, b]) => a.indexInfo.closed - b.indexInfo.closed)
    for (const [key] of closed.slice(0, Math.max(0, Object.keys(this.sessions).length - closedSessionsMax))) delete this.sessions[key]
    for (const { _chains: chains } of Object.values(this.sessions)) {
      const over = Object.keys(chains).filter((key) => chains[key]?.chainKey.key === undefined)
      for (const key of over.slice(0, Math.max(0, over.length - closedChainsMax))) delete chains[key]
    }
  }
}

/** It copies a conversation by writing it out and reading it. */
function copyOf(session: Session): Session {
  return (session.constructor as { deserialize(data: object): Session }).deserialize(session.serialize())
}
