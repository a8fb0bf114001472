import type { Secret } from '@moltbot/contract'

/** Where the key is: a file outside the state directory, the system's keyring, a systemd credential, or a person's head. */
export type KeyKind = 'file' | 'keyring' | 'credential' | 'passphrase'
export const keyKinds: readonly KeyKind[] = ['file', 'keyring', 'credential', 'passphrase']

/** Where a rotated key goes. `passphrase` is needed for that kind and ignored otherwise. */
export interface RotationTarget { kind: KeyKind; passphrase?: string }

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
  kind: KeyKind
  /** Says which key it is without revealing it. */
  keyId: string
  /** One more with every write. */
  generation: number
  secrets: number
}

/** What the methods of the door see. */
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
  /** Forgets the key. Until `unlock` every other call fails with `vault-locked`. */
  lock(): void
  /** Fetches the key again, or makes it of the passphrase. Does nothing when it is open. */
  unlock(passphrase?: string): Promise<VaultStatus>
  /** A new key; everything is sealed anew. Killed at any point, the old or the new key opens it. Absent target: the same kind. */
  rotate(target?: RotationTarget): Promise<VaultStatus>
}
