import type { OfflineAudit, Sql } from '@moltbot/contract'
import { Problem } from '@moltbot/contract'
import { anchorFileOf } from './create-record.ts'
import { readAnchors } from './anchor-places.ts'
import { chainKeys } from './chain.ts'
import { parseAnchors } from './checkpoints.ts'
import { exportLines, findLines } from './find-lines.ts'
import type { LineSource } from './lines.ts'
import { verifyRecord } from './verify.ts'

/**
 * The record of a database that is only read, by the same code as the running gateway's. `key` undefined: entries can be shown,
 * `verify` rejects with `audit-key-missing`. Rejects with `audit-too-old` for a database from before the chain.
 */
export async function openRecord(options: {
  read: Sql; key: Buffer | undefined; stateDir: string; anchor: string; anchorFile: string; source: LineSource; close: () => Promise<void>
}): Promise<OfflineAudit> {
  const { read, key, stateDir, source } = options
  try {
    await read.get('SELECT number FROM audit_checkpoints LIMIT 1')
  } catch (error) {
    throw new Problem('audit-too-old', 'The database is of a version before the chained record.', { next: 'Start this version of the gateway once: moltbot gateway run', cause: error })
  }
  return {
    log: (query) => findLines(read, query),
    export: (query) => exportLines(read, query, source),
    async verify({ anchors }) {
      if (key === undefined) throw new Problem('audit-key-missing', 'The record cannot be verified: the vault’s key is not there.', { next: 'Put the vault’s key file back, or say where it is with MOLTBOT_VAULT_KEY_FILE.' })
      const file = anchorFileOf(options.anchor, options.anchorFile)
      const text = file === undefined ? undefined : await readAnchors(file)
      const all = [...parseAnchors(text ?? '', stateDir), ...parseAnchors(anchors ?? '', stateDir)].toSorted((a, b) => a.at - b.at)
      const notes = text === undefined ? [`There is no anchor file${file === undefined ? '' : ` at ${file}`}: an older copy of the database that was put back cannot be noticed.`] : []
      return verifyRecord({ read, keys: chainKeys(key), anchors: all, notes })
    },
    close: options.close,
  }
}

/** How many entries the chain of a database has had so far. 0 for a database from before the chain. */
export async function recordedEntries(read: Sql): Promise<number> {
  return Number((await read.get('SELECT COALESCE(MAX(seq), 0) AS seq FROM audit').catch(() => undefined))?.['seq'] ?? 0)
}
