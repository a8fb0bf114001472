import { createHash, randomInt, timingSafeEqual } from 'node:crypto'
import {
  Problem, ownerPrincipal, type AccountId, type ChannelId, type Clock, type IncomingMessage, type NewId, type PrincipalId, type Role, type Row, type SenderId, type Store,
  type Tx,
} from '@moltbot/contract'
import type { Audit } from '../../foundation/audit/types.ts'
import type { Approver, PairedSender, PairingDoor, PairingRequest } from './types.ts'

/** How long a code is good for, how many strangers may wait per account, and when a stranger hears from us again. */
export const codeValidMs = 60 * 60_000
export const pendingMax = 3
const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'
/** Wrong codes within this time before approval locks, and for how long. */
const wrongMax = 10
const wrongWindowMs = 60_000
const lockMs = 5 * 60_000
/** After this many wrong codes on a channel the codes that wait there are worth nothing; their senders get new ones when they write again. */
const missesMax = 5

/** A name its bearer chose, on one line, without what could hide or format; null when nothing is left. */
function plainName(name: string | undefined): string | null {
  const plain = (name ?? '').replaceAll(/[`*_[\]<>|]/g, '').replaceAll(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ').trim()
  return plain === '' ? null : Array.from(plain).slice(0, 100).join('')
}

export function makeCode(): string {
  return Array.from({ length: 8 }, () => alphabet[randomInt(alphabet.length)] ?? 'A').join('')
}

function sameCode(given: string, stored: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given.trim().toUpperCase()), digest(stored))
}

function toRequest(row: Row): PairingRequest {
  return {
    channel: row['channel'] as ChannelId, account: row['account'] as AccountId, sender: row['sender'] as SenderId, senderName: row['sender_name'] as string | null,
    code: String(row['code']), createdAt: Number(row['created_at']), lastSeenAt: Number(row['last_seen_at']), expiresAt: Number(row['expires_at']),
  }
}

function toPaired(row: Row): PairedSender {
  return {
    channel: row['channel'] as ChannelId, account: row['account'] as AccountId, sender: row['sender'] as SenderId, name: row['name'] as string | null,
    principal: row['principal'] as PrincipalId, role: row['role'] as Role, since: Number(row['since']),
  }
}

export interface Pairing extends PairingDoor {
  /** Who a sender is, when paired. */
  identity(on: { get: Tx['get'] }, channel: ChannelId, account: AccountId, sender: SenderId): Promise<PairedSender | undefined>
  /** First contact of a stranger: the code to send now, or undefined when none goes out (already told, or too many wait). */
  invite(tx: Tx, message: IncomingMessage): Promise<string | undefined>
  /** Tells, once `tx` is durable, that what this sender has running must end. */
  shutOut(tx: Tx, who: Revoked): void
  /** Calls back after someone was shut out. Returns how to stop. */
  onRevoked(listener: (who: Revoked) => void): () => void
}

/** Whom nobody answers any more: one sender on one account. */
export interface Revoked { channel: ChannelId; account: AccountId; sender: SenderId }

/** Admits strangers by code. Its tables are the only place where senders become principals. */
export function createPairing(options: {
  store: Store; clock: Clock; newId: NewId; audit: Audit
  /** True when the configuration already names the owner on some channel: then nobody becomes the owner by pairing. */
  ownerNamed(): boolean
}): Pairing {
  const { store, clock, newId, audit } = options
  const listeners = new Set<() => void>()
  const revokedListeners = new Set<(who: Revoked) => void>()
  const changed = (tx: Tx): void => tx.afterCommit(() => listeners.forEach((listener) => listener()))

  const shutOut: Pairing['shutOut'] = (tx, who) => tx.afterCommit(() => revokedListeners.forEach((listener) => listener(who)))

  const identity: Pairing['identity'] = async (on, channel, account, sender) => {
    const row = await on.get(
      'SELECT i.*, p.role FROM identities i JOIN principals p ON p.id = i.principal WHERE i.channel = ? AND i.account = ? AND i.sender = ?', channel, account, sender,
    )
    return row === undefined ? undefined : toPaired(row)
  }

  async function ensureUnlocked(tx: Tx): Promise<void> {
    const now = clock.now()
    const row = await tx.get('SELECT locked_until FROM pairing_guard WHERE id = 1')
    if (row !== undefined && Number(row['locked_until']) > now) {
      throw new Problem('pairing-locked', 'Too many wrong codes: approval is locked for a few minutes.', { next: 'Wait five minutes, then read the code again with `moltbot pairing list`.' })
    }
  }

  /** Guesses are counted in the store, so that a restart does not give new tries; and with the guess itself, so that a burst does not either. */
  async function countWrong(tx: Tx, channel: ChannelId): Promise<void> {
    const now = clock.now()
    await tx.run('UPDATE pairing_requests SET misses = misses + 1 WHERE channel = ?', channel)
    if ((await tx.run('DELETE FROM pairing_requests WHERE misses >= ?', missesMax)) > 0) changed(tx)
    const row = await tx.get('SELECT wrong, since FROM pairing_guard WHERE id = 1')
    const fresh = row === undefined || now - Number(row['since']) > wrongWindowMs
    const wrong = fresh ? 1 : Number(row['wrong']) + 1
    await tx.run(
      `INSERT INTO pairing_guard (id, wrong, since, locked_until) VALUES (1, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET wrong = excluded.wrong, since = excluded.since, locked_until = excluded.locked_until`,
      wrong, fresh ? now : Number(row?.['since'] ?? now), wrong >= wrongMax ? now + lockMs : 0,
    )
  }

  async function findByCode(tx: Tx, channel: ChannelId, code: string): Promise<PairingRequest | undefined> {
    const rows = (await tx.all('SELECT * FROM pairing_requests WHERE channel = ? AND expires_at > ?', channel, clock.now())).map(toRequest)
    let found: PairingRequest | undefined
    for (const row of rows) if (sameCode(code, row.code)) found = row
    return found
  }

  async function decide<T>(channel: ChannelId, code: string, act: (tx: Tx, request: PairingRequest) => Promise<T>): Promise<T> {
    const result = await store.transaction(async (tx) => {
      await ensureUnlocked(tx)
      const request = await findByCode(tx, channel, code)
      if (request === undefined) {
        await countWrong(tx, channel)
        return undefined
      }
      await tx.run('DELETE FROM pairing_requests WHERE channel = ? AND account = ? AND sender = ?', request.channel, request.account, request.sender)
      changed(tx)
      return { value: await act(tx, request) }
    })
    if (result === undefined) {
      throw new Problem('pairing-code-unknown', `No pairing request on ${channel} has that code.`, { next: 'See the open ones with `moltbot pairing list`; a code is good for one hour.' })
    }
    return result.value
  }

  return {
    identity, shutOut,
    onPairing(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async invite(tx, message) {
      const { channel, account } = message.chat
      const now = clock.now()
      await tx.run('DELETE FROM pairing_requests WHERE expires_at <= ?', now)
      const known = await tx.run('UPDATE pairing_requests SET last_seen_at = ? WHERE channel = ? AND account = ? AND sender = ?', now, channel, account, message.sender.id)
      if (known === 1) return undefined
      const waiting = await tx.get<{ count: number }>('SELECT COUNT(*) AS count FROM pairing_requests WHERE channel = ? AND account = ?', channel, account)
      if (Number(waiting?.count ?? 0) >= pendingMax) return undefined
      const taken = new Set((await tx.all<{ code: string }>('SELECT code FROM pairing_requests')).map((row) => row.code))
      let code = makeCode()
      while (taken.has(code)) code = makeCode()
      await tx.run(
        'INSERT INTO pairing_requests (channel, account, sender, sender_name, code, created_at, last_seen_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        channel, account, message.sender.id, plainName(message.sender.name ?? message.sender.username), code, now, now, now + codeValidMs,
      )
      await audit.append(tx, { act: 'pairing.requested', principal: null, subject: `${channel}:${message.sender.id}`, outcome: 'ask', reason: 'unknown sender' })
      changed(tx)
      return code
    },
    async pending(channel) {
      const rows = await store.read.all('SELECT * FROM pairing_requests WHERE expires_at > ? AND (? IS NULL OR channel = ?) ORDER BY created_at', clock.now(), channel ?? null, channel ?? null)
      return rows.map(toRequest)
    },
    approve: (channel, code, by) => decide(channel, code, async (tx, request) => {
      const owners = await tx.get<{ count: number }>('SELECT COUNT(*) AS count FROM identities WHERE principal = ?', ownerPrincipal)
      const becomesOwner = by.via !== 'chat' && !options.ownerNamed() && Number(owners?.count ?? 0) === 0
      const principal = becomesOwner ? ownerPrincipal : (newId('pr') as PrincipalId)
      const since = clock.now()
      if (!becomesOwner) await tx.run("INSERT INTO principals (id, role, name, created_at) VALUES (?, 'member', ?, ?)", principal, request.senderName, since)
      await tx.run(
        'INSERT INTO identities (channel, account, sender, principal, name, since) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (channel, account, sender) DO UPDATE SET principal = excluded.principal, since = excluded.since',
        request.channel, request.account, request.sender, principal, request.senderName, since,
      )
      await audit.append(tx, { act: 'pairing.approved', principal: by.principal, subject: `${channel}:${request.sender}`, outcome: 'done', reason: `approved by ${by.via}`, facts: { becomes: principal } })
      return { channel: request.channel, account: request.account, sender: request.sender, name: request.senderName, principal, role: becomesOwner ? 'owner' as const : 'member' as const, since }
    }),
    reject: (channel, code, by) => decide(channel, code, async (tx, request) => {
      await audit.append(tx, { act: 'pairing.rejected', principal: by.principal, subject: `${channel}:${request.sender}`, outcome: 'done', reason: `rejected by ${by.via}` })
      return true
    }),
    async paired() {
      return (await store.read.all('SELECT i.*, p.role FROM identities i JOIN principals p ON p.id = i.principal ORDER BY i.since')).map(toPaired)
    },
    revoke: (channel, account, sender, by: Approver) => store.transaction(async (tx) => {
      const paired = await identity(tx, channel, account, sender)
      const gone = await tx.run('DELETE FROM identities WHERE channel = ? AND account = ? AND sender = ?', channel, account, sender)
      if (gone === 0) return false
      if (paired !== undefined && paired.principal !== ownerPrincipal) {
        const left = await tx.get('SELECT 1 AS one FROM identities WHERE principal = ?', paired.principal)
        if (left === undefined) await tx.run('INSERT INTO principals_removed (id, at) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET at = excluded.at', paired.principal, clock.now())
        await tx.run('DELETE FROM principals WHERE id = ? AND NOT EXISTS (SELECT 1 FROM identities WHERE principal = ?)', paired.principal, paired.principal)
      }
      await audit.append(tx, { act: 'pairing.revoked', principal: by.principal, subject: `${channel}:${sender}`, outcome: 'done', reason: `revoked by ${by.via}` })
      shutOut(tx, { channel, account, sender })
      return true
    }),
    onRevoked(listener) {
      revokedListeners.add(listener)
      return () => void revokedListeners.delete(listener)
    },
  }
}
