import { ConnectProblem, type Logger } from '@moltbot/contract'
import { mendSessions } from './mended-sessions.ts'

/** WhatsApp's library. It is no part of what we ship as one file: it is loaded from `node_modules`, and only when WhatsApp is used. */
export type Library = typeof import('baileys')

export const installLibrary = 'Run `npm install` in the clone, or `npm install -g baileys@7.0.0-rc14` where Moltbot itself was installed with -g; then `moltbot gateway restart`.'

/** As `import` says it, and as the bundle does, which loads it with `require`. */
const missing = new Set<unknown>(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'])

export async function loadLibrary(load: () => Promise<Library> = () => import('baileys')): Promise<Library> {
  try {
    const library = await load()
    mendSessions()
    return library
  } catch (error) {
    if (!missing.has((error as { code?: unknown }).code)) throw error
    throw new ConnectProblem('The library for WhatsApp is not installed.', { permanent: true, next: installLibrary, cause: error })
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
