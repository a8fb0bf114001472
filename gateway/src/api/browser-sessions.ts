import { createHash, createHmac } from 'node:crypto'
import { ownerPrincipal } from '@moltbot/contract'
import type { Clock, NewId, PrincipalId, Store, Tx } from '@moltbot/contract'
import { digestOf, type Credentials } from './credentials.ts'
import type { DoorFloor } from './door-floor.ts'

/** A signed-in browser. `digest` names its row; the cookie's value is nowhere kept. Times are epoch ms. */
export interface BrowserSession {
  digest: string
  id: string
  principal: PrincipalId
  expiresAt: number
  /** When the secret (or the proxy's word) was last presented. */
  provedAt: number
  /** `secret`, or by whose word: `proxy:ann@example.org`. */
  via: string
}

/** A signed-in browser as its owner may see it in a list. */
export interface SignIn {
  id: string
  /** What the browser says of itself (`User-Agent`), at most 300 characters; '' when it said nothing. */
  browser: string
  /** Null: this machine, or unknown. */
  address: string | null
  via: string
  createdAt: number
  lastUsedAt: number
  expiresAt: number
  provedAt: number
  kind: BrowserKind
}

/** `browser`: signed out when it is not used for a while. `device`: a telephone or a computer of its owner's, linked by a code, which stays until its end. */
export type BrowserKind = 'browser' | 'device'

/** What methods may do with signed-in browsers. */
export interface SignIns {
  /** Those that still count, the last used first. */
  list(): Promise<SignIn[]>
  /** Signs one out; its sockets close. False: no such session. */
  end(id: string): Promise<boolean>
  /** Signs everybody out, but the session whose digest is `except`; how many. Links that were not used yet end too. */
  endAll(except?: string): Promise<number>
  /** The secret part of a link that signs one browser in, once, within ten minutes; as what (a browser, unless said), the link itself knows. */
  link(kind?: BrowserKind): Promise<{ token: string; expiresAt: number }>
  /** An unguessable text for a new gateway token: 64 hexadecimal digits. */
  newToken(): string
}

/** What a browser shows of itself; a session opens from no other browser than the one it was made in. */
export interface BrowserFacts { userAgent: string | undefined; address: string | null; via: string }

/** Signed-in browsers: opaque 256-bit cookies, of which only the digest is stored. */
export interface BrowserSessions extends SignIns {
  /** A new session; the value goes into the cookie. `replaces`: the digest of one that ends by this (signing in again). */
  create(credentials: Credentials, lifeMs: number, facts: BrowserFacts, replaces?: string, kind?: BrowserKind): Promise<{ cookie: string; session: BrowserSession }>
  /** Undefined: unknown, expired, idle too long (a linked device never is), made with an earlier secret, on another machine, in another browser, or by another way in. Counts as use. */
  find(cookie: string, credentials: Credentials, idleMs: number, facts: Pick<BrowserFacts, 'userAgent' | 'via'>): Promise<BrowserSession | undefined>
  /** Whether it still counts, asked for a socket that lives on. Does not count as use. */
  alive(digest: string, idleMs: number): Promise<boolean>
  /** Counts as use, at most once a minute. */
  touch(digest: string): Promise<void>
  remove(digest: string): Promise<void>
  /** Whether this was a link's token that nobody used yet; it is used by asking. */
  useLink(token: string): Promise<boolean>
  /** Calls back with the digests of sessions that ended before their time, once that is durable. Returns how to stop. */
  onEnd(listener: (digests: readonly string[]) => void): () => void
}

const touchEveryMs = 60_000
const linkForMs = 10 * 60_000
/** How a link begins tells what it makes; the digest is of the whole, so nobody can make one of the other kind of it. */
const linkMarks = { browser: 'once-', device: 'link-' } as const
const linkPattern = /^(once|link)-[A-Za-z0-9_-]{43}$/

/** Whether this looks like the token of a link, used or not. */
export function isLink(token: string): boolean {
  return linkPattern.test(token)
}

/** As what a link signs in. */
export function kindOfLink(token: string): BrowserKind {
  return token.startsWith(linkMarks.device) ? 'device' : 'browser'
}

type Stored = { digest: string; id: string; principal: string; bound_to: string; browser: string; address: string | null; via: string; created_at: number; last_used_at: number; expires_at: number; proved_at: number; kind: BrowserKind }

/** A browser's own words without what changes with each update of it. */
function kindOf(userAgent: string | undefined): string {
  return createHash('sha256').update((userAgent ?? '').replace(/[\d.]+/g, '')).digest('base64url')
}

export function createBrowserSessions(options: { store: Store; clock: Clock; newId: NewId; random: (bytes: number) => Buffer; floor: DoorFloor }): BrowserSessions {
  const { store, clock, random, floor } = options
  const listeners = new Set<(digests: readonly string[]) => void>()
  const row = (digest: string): Promise<Stored | undefined> => store.read.get<Stored>('SELECT * FROM browser_sessions WHERE digest = ?', digest)
  const counts = (found: Stored, idleMs: number): boolean => found.expires_at > clock.now() && (found.kind === 'device' || found.last_used_at + idleMs > clock.now())
  const touch = async (digest: string): Promise<void> => {
    await store.transaction(async (tx) => void (await tx.run('UPDATE browser_sessions SET last_used_at = ? WHERE digest = ?', clock.now(), digest)))
  }
  const bond = (cookie: string, credentials: Credentials, facts: Pick<BrowserFacts, 'userAgent' | 'via'>, kind: BrowserKind): string =>
    createHmac('sha256', floor.key).update(JSON.stringify([credentials.mark(cookie), kindOf(facts.userAgent), facts.via, ...(kind === 'device' ? [kind] : [])])).digest('hex')
  /** Takes sessions away: counted, and told once it is durable. */
  const take = async (tx: Tx, digests: readonly string[]): Promise<void> => {
    if (digests.length === 0) return
    for (const digest of digests) await tx.run('DELETE FROM browser_sessions WHERE digest = ?', digest)
    await floor.raise(tx)
    tx.afterCommit(() => listeners.forEach((listener) => listener(digests)))
  }

  return {
    async create(credentials, lifeMs, facts, replaces, kind = 'browser') {
      const cookie = random(32).toString('base64url')
      const now = clock.now()
      const session: BrowserSession = { digest: digestOf(cookie), id: options.newId('bs'), principal: ownerPrincipal, expiresAt: now + lifeMs, provedAt: now, via: facts.via }
      await store.transaction(async (tx) => {
        await tx.run('DELETE FROM browser_sessions WHERE expires_at <= ?', now)
        if (replaces !== undefined) await take(tx, [replaces])
        await tx.run(
          'INSERT INTO browser_sessions (digest, id, principal, bound_to, browser, address, via, created_at, last_used_at, expires_at, proved_at, kind) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
          session.digest, session.id, session.principal, bond(cookie, credentials, facts, kind), plainAgent(facts.userAgent), facts.address, facts.via, now, now, session.expiresAt, now, kind,
        )
      })
      return { cookie, session }
    },
    async find(cookie, credentials, idleMs, facts) {
      if (!/^[A-Za-z0-9_-]{43}$/.test(cookie)) return undefined
      const found = await row(digestOf(cookie))
      if (found === undefined || !counts(found, idleMs) || found.bound_to !== bond(cookie, credentials, facts, found.kind)) return undefined
      if (clock.now() - found.last_used_at > touchEveryMs) await touch(found.digest)
      return { digest: found.digest, id: found.id, principal: found.principal as PrincipalId, expiresAt: found.expires_at, provedAt: found.proved_at, via: found.via }
    },
    async alive(digest, idleMs) {
      const found = await row(digest)
      return found !== undefined && counts(found, idleMs)
    },
    async touch(digest) {
      const found = await row(digest)
      if (found !== undefined && clock.now() - found.last_used_at > touchEveryMs) await touch(digest)
    },
    remove: (digest) => store.transaction((tx) => take(tx, [digest])),
    async list() {
      const rows = await store.read.all<Stored>('SELECT * FROM browser_sessions WHERE expires_at > ? ORDER BY last_used_at DESC', clock.now())
      return rows.map((found) => ({
        id: found.id, browser: found.browser, address: found.address, via: found.via, createdAt: found.created_at, lastUsedAt: found.last_used_at, expiresAt: found.expires_at, provedAt: found.proved_at, kind: found.kind,
      }))
    },
    end: (id) => store.transaction(async (tx) => {
      const found = await tx.get<{ digest: string }>('SELECT digest FROM browser_sessions WHERE id = ?', id)
      if (found !== undefined) await take(tx, [found.digest])
      return found !== undefined
    }),
    endAll: (except) => store.transaction(async (tx) => {
      const rows = await tx.all<{ digest: string }>('SELECT digest FROM browser_sessions WHERE digest <> ?', except ?? '')
      await tx.run('DELETE FROM sign_in_links')
      await take(tx, rows.map(({ digest }) => digest))
      return rows.length
    }),
    newToken: () => random(32).toString('hex'),
    async link(kind = 'browser') {
      const token = `${linkMarks[kind]}${random(32).toString('base64url')}`
      const now = clock.now()
      await store.transaction(async (tx) => {
        await tx.run('DELETE FROM sign_in_links WHERE expires_at <= ?', now)
        await tx.run('INSERT INTO sign_in_links (digest, created_at, expires_at) VALUES (?, ?, ?)', digestOf(token), now, now + linkForMs)
      })
      return { token, expiresAt: now + linkForMs }
    },
    async useLink(token) {
      if (!isLink(token)) return false
      return store.transaction(async (tx) => (await tx.run('DELETE FROM sign_in_links WHERE digest = ? AND expires_at > ?', digestOf(token), clock.now())) === 1)
    },
    onEnd(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

function plainAgent(userAgent: string | undefined): string {
  return (userAgent ?? '').replaceAll(/[\p{C}\s]+/gu, ' ').trim().slice(0, 300)
}
