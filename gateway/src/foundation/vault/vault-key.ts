import { createHash, createSecretKey, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, basename, sep } from 'node:path'
import { vaultProblems } from './problems.ts'
import { readSealed, writeSealed } from './sealed-file.ts'

/** The key that seals the vault, with a name that says which key it is without revealing it. */
export interface VaultKey { key: KeyObject; id: string }

const prefix = 'moltbot-vault-key-1:'

/**
 * Opens the key file, or makes one when `mayCreate`. Throws a `Problem` for a key that others could have read or
 * changed, that lies beside what it seals, or that is missing although secrets are sealed with it.
 */
export function openVaultKey(keyFile: string, stateDir: string, vaultFile: string, mayCreate: boolean): VaultKey {
  if (isInside(keyFile, stateDir)) throw vaultProblems.keyPlace(keyFile, stateDir)
  const found = readSealed(keyFile)
  if (found === undefined) {
    if (!mayCreate) throw vaultProblems.keyMissing(keyFile, vaultFile)
    const bytes = randomBytes(32)
    writeSealed(keyFile, `${prefix}${bytes.toString('base64url')}\n`, { fresh: true })
    return asKey(bytes)
  }
  const mode = found.stat.mode & 0o777
  if ((mode & 0o077) !== 0) throw vaultProblems.keyPermissions(keyFile, mode.toString(8))
  const user = process.getuid?.()
  if (user !== undefined && found.stat.uid !== user) throw vaultProblems.keyOwner(keyFile)
  const text = found.text.trim()
  if (!text.startsWith(prefix)) throw vaultProblems.keyInvalid(keyFile)
  const bytes = Buffer.from(text.slice(prefix.length), 'base64url')
  if (bytes.length !== 32) throw vaultProblems.keyInvalid(keyFile)
  return asKey(bytes)
}

function asKey(bytes: Buffer): VaultKey {
  const id = createHash('sha256').update('moltbot-vault-key-id').update(bytes).digest('hex').slice(0, 16)
  const key = createSecretKey(bytes)
  bytes.fill(0)
  return { key, id }
}

function isInside(file: string, folder: string): boolean {
  const path = relative(real(folder), join(real(dirname(file)), basename(file)))
  return path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path)
}

/** The place behind all links, as far as the path exists. */
function real(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    const parent = dirname(path)
    return parent === path ? path : join(real(parent), basename(path))
  }
}
