import { inspect } from './inspect-symbol.ts'

/**
 * A value that cannot be logged, serialised or put into a prompt by accident: printing it in any way yields its name.
 * Whoever truly needs the value calls `open` and says for what; the purpose is kept for the audit by the vault.
 */
export class Secret {
  readonly name: string
  readonly #value: string

  constructor(name: string, value: string) {
    this.name = name
    this.#value = value
  }

  /** The value itself. `purpose` is one short phrase, for example `telegram login`. */
  open(purpose: string): string {
    if (purpose === '') throw new Error('opening a secret needs a purpose')
    return this.#value
  }

  /** Equal values, without revealing either. Not constant in time; the door compares tokens by digest instead. */
  equals(other: Secret): boolean {
    return this.#value === other.#value
  }

  toString(): string {
    return `[secret ${this.name}]`
  }

  toJSON(): string {
    return this.toString()
  }

  [inspect](): string {
    return this.toString()
  }
}

/** Where the vault's key is: a file outside the state directory, the system's keyring, a systemd credential, or a person's head. */
export type VaultKeyKind = 'file' | 'keyring' | 'credential' | 'passphrase'
export const vaultKeyKinds: readonly VaultKeyKind[] = ['file', 'keyring', 'credential', 'passphrase']

/** What is known about a sealed secret without opening it. Times are epoch ms. */
export interface SealedSecret {
  name: string
  /** 1 at first, one more with every change. */
  version: number
  createdAt: number
  changedAt: number
  /** Since the last change. */
  ageMs: number
}

/** The vault as it stands. Nothing here helps to open it. */
export interface VaultStatus {
  /** `locked`: it is in order, but the key has to be given first. */
  state: 'open' | 'locked'
  /** While locked: why, and what to do. */
  reason?: string
  kind: VaultKeyKind
  /** Says which key it is without revealing it. */
  keyId: string
  /** One more with every write. */
  generation: number
  secrets: number
}

/** What `secrets.env` was absorbed to. */
export interface VaultImport {
  file: string
  /** Names whose values are in the vault now. */
  moved: string[]
  /** Names that were references already, empty, or the gateway's own credential, which its clients on this computer read there. */
  left: string[]
}

/** One thing `moltbot vault doctor` noticed. `subject`: the name of a secret, or ''. */
export interface VaultFinding { severity: 'critical' | 'warn' | 'info'; subject: string; sentence: string; next: string }

/** Who can open an export: whoever knows the passphrase, or holds the identity of an age recipient (`age1…`). */
export type VaultExportTarget = { passphrase: string } | { recipient: string }

/**
 * The vault as a person works with it; every act is in the record before its result is handed out. Failures are the vault's
 * `Problem`s. The same with a running gateway and without.
 */
export interface VaultDesk {
  status(): Promise<VaultStatus>
  list(): Promise<SealedSecret[]>
  /** Resolves with the version it has now. */
  set(name: string, value: string): Promise<{ version: number }>
  /** The value itself. Undefined: no such secret. */
  reveal(name: string): Promise<string | undefined>
  /** False: there was none. */
  remove(name: string): Promise<boolean>
  /** Moves every value of `secrets.env` into the vault and leaves references. */
  importEnv(): Promise<VaultImport>
  /** A new key; everything is sealed anew. Absent target: the same kind of key. */
  rotate(target?: { kind: VaultKeyKind; passphrase?: string }): Promise<VaultStatus>
  lock(): Promise<VaultStatus>
  unlock(passphrase?: string): Promise<VaultStatus>
  doctor(): Promise<VaultFinding[]>
  /** Everything, as an armored age file. */
  export(target: VaultExportTarget): Promise<string>
}

/** The vault of this computer without a running gateway, until `close`. */
export interface OfflineVault extends VaultDesk {
  close(): Promise<void>
}

export interface OfflineVaultOptions {
  /** Asked when the key is a passphrase. Undefined: it stays locked. */
  passphrase?: () => Promise<string | undefined>
  /** The owner put an older copy back and wants it. */
  acceptOlder?: boolean
}
