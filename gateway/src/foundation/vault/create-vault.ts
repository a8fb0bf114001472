import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '@moltbot/contract'
import { Secret } from '@moltbot/contract'
import { vaultProblems } from './problems.ts'
import { makePrivate, readSealed, writeSealed } from './sealed-file.ts'
import { openVaultKey } from './vault-key.ts'
import type { VaultKey } from './vault-key.ts'

export interface VaultOptions {
  /** The vault is `credentials/vault.json` in it. */
  stateDir: string
  /** Outside the state directory, so that a copy of the state alone opens nothing. Made at first use, mode 600. */
  keyFile: string
  clock: Clock
  /** Hears every value before it is handed out, so that logs can hide it. */
  onSecret?: (value: string) => void
}

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

/**
 * Secrets sealed at rest. Every method throws a `Problem` when the file or the key is not what it should be, and hands
 * out nothing then. Changes another process made are seen at the next call.
 */
export interface Vault {
  /** Undefined: no such secret. */
  get(name: string): Secret | undefined
  /** Seals a value under a name, replacing the one before. Resolves once it is durable. */
  set(name: string, value: string): Promise<void>
  /** False: there was none. Works for a damaged secret too. */
  remove(name: string): Promise<boolean>
  /** By name. Opens nothing. */
  list(): SealedSecret[]
}

interface Envelope { version: number; createdAt: number; changedAt: number; nonce: string; sealed: string }
interface VaultFile { format: 'moltbot-vault'; formatVersion: 1; keyId: string; secrets: Map<string, Envelope> }

const valueBytesMax = 65_536
const nameShape = /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}$/

/** Opens the vault, making folder and key at first start. Throws a `Problem` rather than open a vault that may have been touched. */
export function createVault(options: VaultOptions): Vault {
  const { stateDir, keyFile, clock } = options
  const folder = join(stateDir, 'credentials')
  const file = join(folder, 'vault.json')
  makePrivate(folder)
  let cached: { stamp: string; vault: VaultFile | undefined } | undefined
  const key: VaultKey = openVaultKey(keyFile, stateDir, file, (load()?.secrets.size ?? 0) === 0)
  checkKey(load())

  function load(): VaultFile | undefined {
    const stamp = stampOf(file)
    if (cached?.stamp === stamp) return cached.vault
    const found = readSealed(file)
    const vault = found === undefined ? undefined : parseVault(found.text, file)
    cached = { stamp, vault }
    return vault
  }

  function checkKey(vault: VaultFile | undefined): void {
    if (vault !== undefined && vault.secrets.size > 0 && vault.keyId !== key.id) throw vaultProblems.keyWrong(keyFile, file)
  }

  function loaded(): Map<string, Envelope> {
    const vault = load()
    checkKey(vault)
    return vault?.secrets ?? new Map()
  }

  function save(secrets: Map<string, Envelope>): void {
    const sorted = [...secrets].sort(([a], [b]) => (a < b ? -1 : 1))
    const text = `${JSON.stringify({ format: 'moltbot-vault', formatVersion: 1, keyId: key.id, secrets: Object.fromEntries(sorted) }, null, 2)}\n`
    writeSealed(file, text, { fresh: false })
    cached = undefined
  }

  return {
    get(name) {
      const envelope = loaded().get(name)
      if (envelope === undefined) return undefined
      const value = open(key, name, envelope, file)
      options.onSecret?.(value)
      return new Secret(name, value)
    },
    async set(name, value) {
      if (!nameShape.test(name)) throw vaultProblems.nameInvalid(name)
      if (value === '' || Buffer.byteLength(value) > valueBytesMax) throw vaultProblems.valueInvalid(name)
      options.onSecret?.(value)
      const secrets = new Map(loaded())
      const before = secrets.get(name)
      const now = clock.now()
      secrets.set(name, seal(key, name, value, { version: (before?.version ?? 0) + 1, createdAt: before?.createdAt ?? now, changedAt: now }))
      save(secrets)
    },
    async remove(name) {
      const secrets = new Map(loaded())
      if (!secrets.delete(name)) return false
      save(secrets)
      return true
    },
    list() {
      const now = clock.now()
      return [...loaded()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, { version, createdAt, changedAt }]) => ({ name, version, createdAt, changedAt, ageMs: Math.max(0, now - changedAt) }))
    },
  }
}

/** What a sealed value is bound to: moved under another name, to another version or time, it no longer opens. */
function bound(name: string, facts: Pick<Envelope, 'version' | 'createdAt' | 'changedAt'>): Buffer {
  return Buffer.from(JSON.stringify(['moltbot-vault', 1, name, facts.version, facts.createdAt, facts.changedAt]))
}

function seal(key: VaultKey, name: string, value: string, facts: Pick<Envelope, 'version' | 'createdAt' | 'changedAt'>): Envelope {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key.key, nonce).setAAD(bound(name, facts))
  const sealed = Buffer.concat([cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return { ...facts, nonce: nonce.toString('base64'), sealed: sealed.toString('base64') }
}

function open(key: VaultKey, name: string, envelope: Envelope, file: string): string {
  try {
    const sealed = Buffer.from(envelope.sealed, 'base64')
    const nonce = Buffer.from(envelope.nonce, 'base64')
    if (nonce.length !== 12 || sealed.length < 17) throw new Error('an envelope of the wrong size')
    const decipher = createDecipheriv('aes-256-gcm', key.key, nonce, { authTagLength: 16 })
    decipher.setAAD(bound(name, envelope)).setAuthTag(sealed.subarray(-16))
    return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]).toString('utf8')
  } catch (error) {
    throw vaultProblems.tampered(file, name, error)
  }
}

function parseVault(text: string, file: string): VaultFile {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    throw vaultProblems.damaged(file, 'it is not JSON', error)
  }
  if (!isRecord(parsed) || parsed['format'] !== 'moltbot-vault') throw vaultProblems.damaged(file, 'it is not a vault')
  if (parsed['formatVersion'] !== 1) throw vaultProblems.damaged(file, 'it was written by a newer version')
  const { keyId, secrets } = parsed
  if (typeof keyId !== 'string' || !isRecord(secrets)) throw vaultProblems.damaged(file, 'parts of it are missing')
  const envelopes = new Map<string, Envelope>()
  for (const [name, envelope] of Object.entries(secrets)) {
    if (!isEnvelope(envelope)) throw vaultProblems.damaged(file, `the secret ${JSON.stringify(name.slice(0, 80))} is not complete`)
    envelopes.set(name, envelope)
  }
  return { format: 'moltbot-vault', formatVersion: 1, keyId, secrets: envelopes }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isEnvelope(value: unknown): value is Envelope & Record<string, unknown> {
  return isRecord(value) && Number.isSafeInteger(value['version']) && Number.isFinite(value['createdAt']) && Number.isFinite(value['changedAt'])
    && typeof value['nonce'] === 'string' && typeof value['sealed'] === 'string'
}

/** Changes whenever the file was replaced or written. */
function stampOf(file: string): string {
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false })
  return stat === undefined ? 'none' : `${stat.ino} ${stat.mtimeNs} ${stat.ctimeNs} ${stat.size}`
}
