import type { Migration, Store } from '@moltbot/contract'
import type { CredentialKind } from './types.ts'

/** What is known of sealed credentials; their values are in the other table. `spending`: the mark of a refresh token that was sent and not yet replaced. */
export const credentialsMigration: Migration = {
  name: '0009-model-credentials',
  sql: `
CREATE TABLE model_credentials (
  profile TEXT PRIMARY KEY,
  provider TEXT NOT NULL,
  kind TEXT NOT NULL,
  account TEXT,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER,
  expires_at INTEGER,
  renews INTEGER NOT NULL,
  needs TEXT,
  spending TEXT,
  lease TEXT,
  lease_until INTEGER NOT NULL DEFAULT 0
)`,
}

/** Their values, sealed under a key that the vault keeps: they change often, and everything the vault itself gives out is remembered for ever. */
export const credentialValuesMigration: Migration = {
  name: '0011-model-credential-values',
  sql: 'CREATE TABLE model_credential_values (profile TEXT PRIMARY KEY, value TEXT NOT NULL)',
}

export interface CredentialRow {
  profile: string
  provider: string
  kind: CredentialKind
  account: string | null
  lastUsedAt: number | null
  expiresAt: number | null
  renews: boolean
  /** Why a person has to do something; null: nobody has. */
  needs: string | null
  spending: string | null
  /** When this value was put here; a renewal is none of that. */
  createdAt: number
}
type Stored = { profile: string; provider: string; kind: string; account: string | null; last_used_at: number | null; expires_at: number | null; renews: number; needs: string | null; spending: string | null; created_at: number }

const columns = 'profile, provider, kind, account, last_used_at, expires_at, renews, needs, spending, created_at'

/** The rows of sealed credentials. */
export class CredentialRows {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  async all(): Promise<CredentialRow[]> {
    return (await this.#store.read.all<Stored>(`SELECT ${columns} FROM model_credentials ORDER BY profile`)).map(rowOf)
  }

  async get(profile: string): Promise<CredentialRow | undefined> {
    const row = await this.#store.read.get<Stored>(`SELECT ${columns} FROM model_credentials WHERE profile = ?`, profile)
    return row === undefined ? undefined : rowOf(row)
  }

  /** A new one, or another value under the name of an earlier one. */
  async put(row: Omit<CredentialRow, 'needs' | 'spending' | 'lastUsedAt' | 'createdAt'>, now: number): Promise<void> {
    await this.#store.transaction((tx) => tx.run(
      `INSERT INTO model_credentials (profile, provider, kind, account, created_at, last_used_at, expires_at, renews, needs, spending, lease, lease_until) VALUES (?, ?, ?, ?, ?, NULL, ?, ?, NULL, NULL, NULL, 0)
       ON CONFLICT (profile) DO UPDATE SET provider = excluded.provider, kind = excluded.kind, account = excluded.account, created_at = excluded.created_at, expires_at = excluded.expires_at,
         renews = excluded.renews, needs = NULL, spending = NULL`,
      row.profile, row.provider, row.kind, row.account, now, row.expiresAt, row.renews ? 1 : 0,
    ))
  }

  /** False: there was none. */
  async remove(profile: string): Promise<boolean> {
    return (await this.#store.transaction((tx) => tx.run('DELETE FROM model_credentials WHERE profile = ?', profile))) === 1
  }

  async used(profile: string, at: number): Promise<void> {
    await this.#store.transaction((tx) => tx.run('UPDATE model_credentials SET last_used_at = ? WHERE profile = ?', at, profile))
  }

  /** True: it was not known yet. */
  async needs(profile: string, reason: string): Promise<boolean> {
    return (await this.#store.transaction((tx) => tx.run('UPDATE model_credentials SET needs = ? WHERE profile = ? AND needs IS NULL', reason, profile))) === 1
  }

  /** Takes the right to renew it, until `until`. False: another process has it. */
  async lease(profile: string, lease: string, now: number, until: number): Promise<boolean> {
    return (await this.#store.transaction((tx) => tx.run('UPDATE model_credentials SET lease = ?, lease_until = ? WHERE profile = ? AND (lease IS NULL OR lease_until <= ?)', lease, until, profile, now))) === 1
  }

  /** What is about to be sent, before it is. */
  async spends(profile: string, mark: string): Promise<void> {
    await this.#store.transaction((tx) => tx.run('UPDATE model_credentials SET spending = ? WHERE profile = ?', mark, profile))
  }

  /** The new ones are sealed. */
  async renewed(profile: string, expiresAt: number | null, renews: boolean): Promise<void> {
    await this.#store.transaction((tx) => tx.run('UPDATE model_credentials SET expires_at = ?, renews = ?, spending = NULL, needs = NULL WHERE profile = ?', expiresAt, renews ? 1 : 0, profile))
  }

  async release(profile: string, lease: string): Promise<void> {
    await this.#store.transaction((tx) => tx.run('UPDATE model_credentials SET lease = NULL, lease_until = 0 WHERE profile = ? AND lease = ?', profile, lease))
  }
}

function rowOf(row: Stored): CredentialRow {
  return {
    profile: row.profile, provider: row.provider, kind: row.kind as CredentialKind, account: row.account, lastUsedAt: row.last_used_at, expiresAt: row.expires_at, renews: row.renews === 1, needs: row.needs, spending: row.spending, createdAt: row.created_at,
  }
}
