import { createHash, createHmac, createPrivateKey, createPublicKey, createSecretKey, hkdfSync } from 'node:crypto'
import type { Hash, Hmac, KeyObject } from 'node:crypto'
import type { Row } from '@moltbot/contract'

/** One row as the database keeps it. `seq` from 1, `mac` over the row and the row before it. */
export interface ChainRow extends Row, ChainFields {}

interface ChainFields {
  seq: number
  id: string
  at: number
  act: string
  principal: string | null
  subject: string
  outcome: string
  reason: string
  facts: string | null
  place: string | null
  correlation: string | null
  mac: string
}

/** Where a chain stands: its last row, or what it begins from. */
export interface ChainHead { seq: number; mac: string }

/** What is derived from the one key this room is given. */
export interface ChainKeys {
  rows: KeyObject
  signing: KeyObject
  verifying: KeyObject
  /** The public half as text: names the key without revealing it, and lets anybody check an anchor. */
  id: string
}

/** The fixed beginning of a PKCS#8 Ed25519 private key (RFC 8410); the 32 bytes of the key follow. */
const ed25519Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')

/** Derives the keys of the record; `key` holds 32 secret bytes that never stand beside the database. */
export function chainKeys(key: Buffer): ChainKeys {
  if (key.length < 32) throw new Error('the key of the record is shorter than 32 bytes')
  const derive = (purpose: string): Buffer => Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), `moltbot audit ${purpose}`, 32))
  const signing = createPrivateKey({ key: Buffer.concat([ed25519Prefix, derive('checkpoints')]), format: 'der', type: 'pkcs8' })
  const verifying = createPublicKey(signing)
  const jwk = verifying.export({ format: 'jwk' }) as { x?: string }
  return { rows: createSecretKey(derive('rows')), signing, verifying, id: jwk.x ?? '' }
}

/** The mac of a row that follows `before`. One text for one row: JSON of a list leaves nothing to be shifted between columns. */
export function macOf(keys: ChainKeys, before: string, row: Omit<ChainFields, 'mac'>): string {
  return createHmac('sha256', keys.rows).update(JSON.stringify([
    'moltbot-audit-1', row.seq, before, row.id, row.at, row.act, row.principal, row.subject, row.outcome, row.reason, row.facts, row.place, row.correlation,
  ])).digest('base64url')
}

/** Takes in the rows from before the chain, one after the other. */
export function oldRowsDigest(): Hash {
  return createHash('sha256').update('moltbot-audit-old-rows')
}

export function addOldRow(digest: Hash, row: ChainRow): void {
  digest.update(`${JSON.stringify([row.id, row.at, row.act, row.principal, row.subject, row.outcome, row.reason, row.facts])}\n`)
}

/** What the first row of a chain follows: bound to the rows from before the chain and to the moment it began. */
export function beginningOf(keys: ChainKeys, oldRows: number, digest: string, at: number): string {
  const mac: Hmac = createHmac('sha256', keys.rows)
  return mac.update(JSON.stringify(['moltbot-audit-began', oldRows, digest, at])).digest('base64url')
}

export const rowColumns = 'seq, id, at, act, principal, subject, outcome, reason, facts, place, correlation, mac'
