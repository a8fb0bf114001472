import { createHash, createSecretKey, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, basename, sep } from 'node:path'
import { vaultProblems } from './problems.ts'
import { readSealed, writeSealed } from './sealed-file.ts'

/** The key that seals the vault, with a name that says which key it is without revealing it. */
export interface VaultKey { key: KeyObject; id: string }

const prefix = 'moltbot-vault-key-1:'
export const keyBytes = 32

/** A new key as it is written down. */
export function newKeyText(): string {
  return `${prefix}${randomBytes(keyBytes).toString('base64url')}`
}

/** The key in a text that `newKeyText` made; undefined for anything else. */
export function parseKeyText(text: string): VaultKey | undefined {
  const trimmed = text.trim()
  if (!trimmed.startsWith(prefix)) return undefined
  const bytes = Buffer.from(trimmed.slice(prefix.length), 'base64url')
  return bytes.length === keyBytes ? asKey(bytes) : undefined
}

/** A key of exactly 32 bytes, which are wiped. */
export function asKey(bytes: Buffer): VaultKey {
  const id = createHash('sha256').update('moltbot-vault-key-id').update(bytes).digest('hex').slice(0, 16)
  const key = createSecretKey(bytes)
  bytes.fill(0)
  return { key, id }
}

/**
 * Reads a key file; undefined when there is none. Throws a `Problem` for a key that others could have read or changed, or
 * that lies beside what it seals.
 */
export function readKeyFile(keyFile: string, stateDir: string): VaultKey | undefined {
  checkKeyPlace(keyFile, stateDir)
  const found = readSealed(keyFile)
  if (found === undefined) return undefined
  const mode = found.stat.mode & 0o777
  if ((mode & 0o077) !== 0) throw vaultProblems.keyPermissions(keyFile, mode.toString(8))
  const user = process.getuid?.()
  if (user !== undefined && found.stat.uid !== user) throw vaultProblems.keyOwner(keyFile)
  const key = parseKeyText(found.text)
  if (key === undefined) throw vaultProblems.keyInvalid(keyFile)
  return key
}

/** Writes a new key (mode 600, folder 700). `fresh`: fails when something stands there already. */
export function writeKeyFile(keyFile: string, stateDir: string, options: { fresh: boolean }): VaultKey {
  checkKeyPlace(keyFile, stateDir)
  const text = newKeyText()
  writeSealed(keyFile, `${text}\n`, options)
  const key = parseKeyText(text)
  if (key === undefined) throw vaultProblems.keyInvalid(keyFile)
  return key
}

function checkKeyPlace(keyFile: string, stateDir: string): void {
  if (isInside(keyFile, stateDir)) throw vaultProblems.keyPlace(keyFile, stateDir)
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
