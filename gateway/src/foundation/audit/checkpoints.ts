import { sign, verify } from 'node:crypto'
import type { Row, Sql, Tx } from '@moltbot/contract'
import type { ChainKeys } from './chain.ts'

/**
 * A signed word about the chain. `began`: the first row follows this mac. `anchor`: the row at `seq` had this mac. `pruned`: rows up
 * to `seq` were dropped by retention; the next one follows this mac. `accepted`: a person took the record as it stood at `seq`.
 */
export type CheckpointKind = 'began' | 'anchor' | 'pruned' | 'accepted'

export interface Checkpoint {
  kind: CheckpointKind
  /** Rows the chain had then, which is also the place of the last of them. For `began`: 0. */
  seq: number
  mac: string
  at: number
  /** For `began`: rows from before the chain. For `pruned`: rows dropped so far. Else 0. */
  rows: number
  /** The public key. */
  key: string
  signature: string
}

function bytesOf({ kind, seq, mac, at, rows, key }: Omit<Checkpoint, 'signature'>): Buffer {
  return Buffer.from(JSON.stringify(['moltbot-audit-checkpoint-1', kind, seq, mac, at, rows, key]))
}

export function signCheckpoint(keys: ChainKeys, facts: Omit<Checkpoint, 'key' | 'signature'>): Checkpoint {
  const unsigned = { ...facts, key: keys.id }
  return { ...unsigned, signature: sign(null, bytesOf(unsigned), keys.signing).toString('base64url') }
}

export function isGenuine(keys: ChainKeys, checkpoint: Checkpoint): boolean {
  return checkpoint.key === keys.id && verify(null, bytesOf(checkpoint), keys.verifying, Buffer.from(checkpoint.signature, 'base64url'))
}

/**
 * One line of an anchor: everything that is needed to check it anywhere. `place` names the installation it speaks of; it is not
 * signed, because a state directory may move, and whoever can write here could as well remove the line.
 */
export function anchorLine(place: string, checkpoint: Checkpoint): string {
  const { kind, seq, mac, at, rows, key, signature } = checkpoint
  return JSON.stringify({ moltbotAudit: 1, of: place, kind, seq, mac, at, rows, key, signature })
}

/** The checkpoints in a text of anchors that speak of `place`, in order. Lines may have a prefix (syslog, journal); what is no anchor is skipped. */
export function parseAnchors(text: string, place: string): Checkpoint[] {
  return text.split('\n').flatMap((line) => {
    const start = line.indexOf('{"moltbotAudit"')
    if (start < 0) return []
    try {
      const { of, kind, seq, mac, at, rows, key, signature } = JSON.parse(line.slice(start)) as Record<string, unknown>
      if (of !== place || typeof kind !== 'string' || !Number.isSafeInteger(seq) || typeof mac !== 'string' || typeof at !== 'number' || typeof rows !== 'number') return []
      if (typeof key !== 'string' || typeof signature !== 'string') return []
      return [{ kind: kind as CheckpointKind, seq: seq as number, mac, at, rows, key, signature }]
    } catch {
      // A line that was cut while it was written; the ones around it still count.
      return []
    }
  })
}

interface CheckpointRow extends Row { kind: string; seq: number; mac: string; at: number; rows: number; key: string; signature: string }

/** All checkpoints the database keeps, oldest first. */
export async function storedCheckpoints(sql: Sql): Promise<Checkpoint[]> {
  const found = await sql.all<CheckpointRow>('SELECT kind, seq, mac, at, rows, key, signature FROM audit_checkpoints ORDER BY number')
  return found.map((row) => ({ ...row, kind: row.kind as CheckpointKind }))
}

/** How many anchors the database keeps of its own; all of them are outside. */
const anchorsKept = 30

export async function storeCheckpoint(tx: Tx, { kind, seq, mac, at, rows, key, signature }: Checkpoint): Promise<void> {
  await tx.run(
    `INSERT INTO audit_checkpoints (number, kind, seq, mac, at, rows, key, signature)
     VALUES ((SELECT COALESCE(MAX(number), 0) + 1 FROM audit_checkpoints), ?, ?, ?, ?, ?, ?, ?)`, kind, seq, mac, at, rows, key, signature,
  )
  if (kind === 'anchor') await tx.run("DELETE FROM audit_checkpoints WHERE kind = 'anchor' AND number <= (SELECT MAX(number) FROM audit_checkpoints) - ?", anchorsKept)
}
