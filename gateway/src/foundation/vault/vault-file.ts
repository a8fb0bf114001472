import { vaultKeyKinds } from '@moltbot/contract'
import type { VaultKeyKind } from '@moltbot/contract'
import type { Sealed } from './envelope.ts'
import { passphraseCostMax } from './passphrase-key.ts'
import type { PassphraseRecipe } from './passphrase-key.ts'
import { vaultProblems } from './problems.ts'

/** One sealed secret as it stands in the file. */
export interface Envelope extends Sealed { version: number; createdAt: number; changedAt: number }

/** Which key opens the file, and for a passphrase how it is made. */
export type KeyHeader = { kind: Exclude<VaultKeyKind, 'passphrase'>; id: string } | ({ kind: 'passphrase'; id: string } & PassphraseRecipe)

/** `credentials/vault.json`. `manifest` seals the list of all envelopes and the root of derived keys, bound to id, key and generation. */
export interface VaultFile { id: string; key: KeyHeader; generation: number; secrets: Map<string, Envelope>; manifest: Sealed }

export function writeVault(vault: VaultFile): string {
  const sorted = [...vault.secrets].sort(([a], [b]) => (a < b ? -1 : 1))
  return `${JSON.stringify({ format: 'moltbot-vault', formatVersion: 2, ...vault, secrets: Object.fromEntries(sorted) }, null, 2)}\n`
}

/** Throws `vault-damaged` for what is not a whole vault of this version. */
export function parseVault(text: string, file: string): VaultFile {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    throw vaultProblems.damaged(file, 'it is not JSON', error)
  }
  if (!isRecord(parsed) || parsed['format'] !== 'moltbot-vault') throw vaultProblems.damaged(file, 'it is not a vault')
  if (parsed['formatVersion'] !== 2) throw vaultProblems.damaged(file, 'it was written by another version')
  const { id, key, generation, secrets, manifest } = parsed
  if (typeof id !== 'string' || !/^[0-9a-f]{16}$/.test(id) || !Number.isSafeInteger(generation) || !isRecord(secrets) || !isSealed(manifest)) throw vaultProblems.damaged(file, 'parts of it are missing')
  const envelopes = new Map<string, Envelope>()
  for (const [name, envelope] of Object.entries(secrets)) {
    if (!isEnvelope(envelope)) throw vaultProblems.damaged(file, `the secret ${JSON.stringify(name.slice(0, 80))} is not complete`)
    envelopes.set(name, envelope)
  }
  return { id, key: parseKeyHeader(key, file), generation: generation as number, secrets: envelopes, manifest }
}

function parseKeyHeader(key: unknown, file: string): KeyHeader {
  if (!isRecord(key) || typeof key['id'] !== 'string' || !vaultKeyKinds.includes(key['kind'] as VaultKeyKind)) throw vaultProblems.damaged(file, 'it does not say which key opens it')
  const { id } = key
  const kind = key['kind'] as VaultKeyKind
  if (kind !== 'passphrase') return { kind, id }
  const { salt, memoryKiB, passes } = key
  if (typeof salt !== 'string' || Buffer.from(salt, 'base64').length < 16 || !within(memoryKiB, 1_024, passphraseCostMax.memoryKiB) || !within(passes, 1, passphraseCostMax.passes)) {
    throw vaultProblems.damaged(file, 'it does not say how its passphrase becomes a key')
  }
  return { kind, id, salt, memoryKiB, passes }
}

function within(value: unknown, least: number, most: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSealed(value: unknown): value is Sealed & Record<string, unknown> {
  return isRecord(value) && typeof value['nonce'] === 'string' && typeof value['sealed'] === 'string'
}

function isEnvelope(value: unknown): value is Envelope & Record<string, unknown> {
  return isSealed(value) && Number.isSafeInteger(value['version']) && Number.isFinite(value['createdAt']) && Number.isFinite(value['changedAt'])
}
