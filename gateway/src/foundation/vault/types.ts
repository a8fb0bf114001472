import type { SealedSecret, Secret, VaultKeyKind, VaultStatus } from '@moltbot/contract'

/** Where a rotated key goes. `passphrase` is needed for that kind and ignored otherwise. */
export interface RotationTarget { kind: VaultKeyKind; passphrase?: string }

/** The vault as other rooms hold it. Every method throws or rejects with a `Problem` when file or key are not what they should be. */
export interface VaultDoor {
  /** Undefined: no such secret. */
  get(name: string): Secret | undefined
  /** Seals a value under a name, replacing the one before. Resolves once it is durable. */
  set(name: string, value: string): Promise<void>
  /** False: there was none. Works for a damaged secret too. */
  remove(name: string): Promise<boolean>
  /** By name. Opens nothing. */
  list(): SealedSecret[]
  status(): VaultStatus
  /** Forgets the key. Until `unlock` every other call fails with `vault-locked`, but for `get` of a name that the file does not hold: that is undefined as ever. */
  lock(): void
  /** Fetches the key again, or makes it of the passphrase. Does nothing when it is open. */
  unlock(passphrase?: string): Promise<VaultStatus>
  /** A new key; everything is sealed anew. Killed at any point, the old or the new key opens it. Absent target: the same kind. */
  rotate(target?: RotationTarget): Promise<VaultStatus>
}
