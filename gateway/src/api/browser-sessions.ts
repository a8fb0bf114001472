import { ownerPrincipal } from '@moltbot/contract'
import type { Clock, PrincipalId, Store } from '@moltbot/contract'
import { digestOf, type Credentials } from './credentials.ts'

/** A signed-in browser. `digest` names its row; the cookie's value is nowhere kept. */
export interface BrowserSession { digest: string; principal: PrincipalId; expiresAt: number }

/** Signed-in browsers: opaque 256-bit cookies, of which only the digest is stored. */
export interface BrowserSessions {
  /** A new session for whoever presented the secret; the value goes into the cookie. */
  create(credentials: Credentials, lifeMs: number): Promise<{ cookie: string; session: BrowserSession }>
  /** Undefined: unknown, expired, idle too long, or made with an earlier secret. Counts as use. */
  find(cookie: string, credentials: Credentials, idleMs: number): Promise<BrowserSession | undefined>
  /** Whether it still counts, asked for a socket that lives on. Does not count as use. */
  alive(digest: string, idleMs: number): Promise<boolean>
  /** Counts as use, at most once a minute. */
  touch(digest: string): Promise<void>
  remove(digest: string): Promise<void>
  removeAll(): Promise<void>
}

const touchEveryMs = 60_000
type Stored = { digest: string; principal: string; bound_to: string; last_used_at: number; expires_at: number }

export function createBrowserSessions(options: { store: Store; clock: Clock; random: (bytes: number) => Buffer }): BrowserSessions {
  const { store, clock, random } = options
  const row = (digest: string): Promise<Stored | undefined> => store.read.get<Stored>('SELECT digest, principal, bound_to, last_used_at, expires_at FROM browser_sessions WHERE digest = ?', digest)
  const counts = (found: Stored, idleMs: number): boolean => found.expires_at > clock.now() && found.last_used_at + idleMs > clock.now()
  const touch = async (digest: string): Promise<void> => {
    await store.transaction(async (tx) => void (await tx.run('UPDATE browser_sessions SET last_used_at = ? WHERE digest = ?', clock.now(), digest)))
  }

  return {
    async create(credentials, lifeMs) {
      const cookie = random(32).toString('base64url')
      const now = clock.now()
      const session = { digest: digestOf(cookie), principal: ownerPrincipal, expiresAt: now + lifeMs }
      await store.transaction(async (tx) => {
        await tx.run('DELETE FROM browser_sessions WHERE expires_at <= ?', now)
        await tx.run(
          'INSERT INTO browser_sessions (digest, principal, bound_to, created_at, last_used_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)',
          session.digest, session.principal, credentials.mark(cookie), now, now, session.expiresAt,
        )
      })
      return { cookie, session }
    },
    async find(cookie, credentials, idleMs) {
      if (!/^[A-Za-z0-9_-]{43}$/.test(cookie)) return undefined
      const found = await row(digestOf(cookie))
      if (found === undefined || !counts(found, idleMs) || found.bound_to !== credentials.mark(cookie)) return undefined
      if (clock.now() - found.last_used_at > touchEveryMs) await touch(found.digest)
      return { digest: found.digest, principal: found.principal as PrincipalId, expiresAt: found.expires_at }
    },
    async alive(digest, idleMs) {
      const found = await row(digest)
      return found !== undefined && counts(found, idleMs)
    },
    async touch(digest) {
      const found = await row(digest)
      if (found !== undefined && clock.now() - found.last_used_at > touchEveryMs) await touch(digest)
    },
    async remove(digest) {
      await store.transaction(async (tx) => void (await tx.run('DELETE FROM browser_sessions WHERE digest = ?', digest)))
    },
    async removeAll() {
      await store.transaction(async (tx) => void (await tx.run('DELETE FROM browser_sessions')))
    },
  }
}
