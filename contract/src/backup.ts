import type { AuditVerification } from './audit.ts'

/** Who can open a backup: whoever knows the passphrase, or holds one of the identities of these age recipients (`age1…`). */
export type BackupTarget = { passphrase: string } | { recipients: readonly string[] }
/** What opens one. */
export type BackupKey = { passphrase: string } | { identity: string }

export interface BackupFile {
  /** From the archive's root: `state/moltbot.json`. */
  path: string
  kind: 'file' | 'link'
  bytes: number
  /** SHA-256 hex of the content, or of where a link leads. */
  sha256: string
}

/** What a backup says of itself; its last member. */
export interface BackupManifest {
  format: 'moltbot-backup-1'
  /** Epoch ms. */
  madeAt: number
  version: string
  /** The state directory it was taken from. */
  from: string
  /** The steps the database had taken. Empty: there was no database. */
  steps: string[]
  /** Entries of the record; what is restored over a longer record is older than that. */
  recorded: number
  /** The generation of the vault. 0: there was none. */
  vaultGeneration: number
  files: BackupFile[]
}

export interface BackupMade {
  file: string
  bytes: number
  files: number
  /** The vault's key is in it: it alone brings everything back. */
  withKey: boolean
  /** What was left out, and why, one sentence each. */
  left: string[]
}

export interface BackupVerified { manifest: BackupManifest; bytes: number; database: 'ok' | 'none' }

export interface BackupRestored {
  manifest: BackupManifest
  /** Where what stood there before is now. Undefined: nothing did. */
  aside?: string
  /** What the record says of itself now. Undefined: it could not be asked, and `notes` says why. */
  record?: AuditVerification
  notes: string[]
}

/** Backups of this computer's installation, by the gateway's own code, without asking a running gateway. */
export interface OfflineBackup {
  /** Also while a gateway runs: the database is copied as of one moment. `file` is written beside itself and appears when it is whole, mode 600. `key: false` leaves the vault's key out. */
  create(file: string, target: BackupTarget, options: { key: boolean }): Promise<BackupMade>
  /** Reads everything, compares every hash, and checks the database. Changes nothing. */
  verify(file: string, key: BackupKey): Promise<BackupVerified>
  /**
   * Puts it in the place of the state directory. Everything is read and compared before anything is written; what stood there is moved aside, never removed.
   * Rejects with `store-locked` while a gateway runs, with `backup-older` where it is older than what stands there, unless `acceptOlder`.
   */
  restore(file: string, key: BackupKey, options: { acceptOlder: boolean }): Promise<BackupRestored>
}
