import { createRequire } from 'node:module'
import { ConnectProblem, type Logger } from '@moltbot/contract'

/** WhatsApp's library. It is no part of what we ship as one file: it is loaded from `node_modules`, and only when WhatsApp is used. */
export type Library = typeof import('baileys')

export const installLibrary = 'Run `npm install` in the clone, or `npm install -g baileys@7.0.0-rc14` where Moltbot itself was installed with -g; then `moltbot gateway restart`.'

/** As `import` says it, and as the bundle does, which loads it with `require`. */
const missing = new Set<unknown>(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'])

export async function loadLibrary(load: () => Promise<Library> = () => import('baileys')): Promise<Library> {
  try {
    const library = await load()
    hushSessions()
    return library
  } catch (error) {
    if (!missing.has((error as { code?: unknown }).code)) throw error
    throw new ConnectProblem('The library for WhatsApp is not installed.', { permanent: true, next: installLibrary, cause: error })
  }
}

interface SessionRecord {
  sessions: Record<string, { indexInfo: { closed: number } }>
  closeSession(session: { indexInfo: { closed: number } }): void
  openSession(session: { indexInfo: { closed: number } }): void
  removeOldSessions(): void
}
/** Of a conversation that was begun anew, so many earlier ones can still be read. A message of one that is older is asked for again. */
const closedSessionsMax = 8

/** The library's own library prints whole sessions, private keys and all, to the standard output when it closes them. It does the same here without a word. */
export function hushSessions(): void {
  const here = createRequire(import.meta.url)
  const { prototype } = (createRequire(here.resolve('baileys'))('libsignal') as { SessionRecord: { prototype: SessionRecord } }).SessionRecord
  prototype.closeSession = (session) => {
    if (session.indexInfo.closed === -1) session.indexInfo.closed = Date.now()
  }
  prototype.openSession = (session) => void (session.indexInfo.closed = -1)
  prototype.removeOldSessions = function removeOldSessions() {
    const closed = Object.entries(this.sessions).filter(([, session]) => session.indexInfo.closed !== -1).toSorted(([, a], [, b]) => a.indexInfo.closed - b.indexInfo.closed)
    for (const [key] of closed.slice(0, Math.max(0, Object.keys(this.sessions).length - closedSessionsMax))) delete this.sessions[key]
  }
}

/** What the library has to say, without the values it says it with: they hold keys and words of people. */
export function quietLogger(log: Logger): LibraryLogger {
  const say = (level: string) => (facts: unknown, message?: string): void => {
    const sentence = typeof facts === 'string' ? facts : message
    if (sentence !== undefined && level !== 'trace') log.debug(`whatsapp library: ${sentence.slice(0, 200)}`)
  }
  const logger: LibraryLogger = {
    level: 'warn', child: () => logger, trace: () => {}, debug: () => {}, info: () => {}, warn: say('warn'), error: say('error'),
  }
  return logger
}

interface LibraryLogger {
  level: string
  child(facts: Record<string, unknown>): LibraryLogger
  trace(facts: unknown, message?: string): void
  debug(facts: unknown, message?: string): void
  info(facts: unknown, message?: string): void
  warn(facts: unknown, message?: string): void
  error(facts: unknown, message?: string): void
}
