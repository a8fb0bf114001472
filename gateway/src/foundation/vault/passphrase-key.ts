import { vaultProblems } from './problems.ts'
import { asKey, keyBytes } from './vault-key.ts'
import type { VaultKey } from './vault-key.ts'

/** How a passphrase becomes a key: argon2id, memory in KiB. */
export interface PassphraseRecipe { salt: string; memoryKiB: number; passes: number }

/** RFC 9106, section 4, second choice: 64 MiB and three passes; about a quarter of a second. */
export const passphraseCost = { memoryKiB: 65_536, passes: 3 }
/** A changed file must not make us work for minutes. */
export const passphraseCostMax = { memoryKiB: 1_048_576, passes: 16 }
export const passphraseMin = 12

/** The key of a passphrase. Loads argon2 only now. */
export async function passphraseKey(passphrase: string, recipe: PassphraseRecipe): Promise<VaultKey> {
  const { hashRaw } = await import('@node-rs/argon2')
  return asKey(await hashRaw(passphrase.normalize('NFC'), {
    salt: Buffer.from(recipe.salt, 'base64'), memoryCost: recipe.memoryKiB, timeCost: recipe.passes, parallelism: 1, outputLen: keyBytes,
  }))
}

/** Whether a person can type it again, at a terminal or as the one line behind a file descriptor. */
export function isTypable(passphrase: string): boolean {
  return !/\p{Cc}/u.test(passphrase)
}

/** A passphrase that a new key is made of. Throws `vault-passphrase-weak` for one too short, or that nobody could give a second time. */
export function checkPassphrase(passphrase: string | undefined): string {
  if (passphrase === undefined || passphrase.length < passphraseMin || !isTypable(passphrase)) throw vaultProblems.passphraseWeak()
  return passphrase
}
