import type { VaultExportTarget } from '@moltbot/contract'
import { vaultProblems } from './problems.ts'
import { isTypable, passphraseMin } from './passphrase-key.ts'
import type { VaultDoor } from './types.ts'

/** 64 MiB. The library counts in JavaScript and would hold up everything else for seconds with age's own 18. */
const scryptLogN = 16

/**
 * Every secret as lines of JSON (`{name, value, version, …}`) in an armored age file, which the standard tool opens: `age -d file`. Throws
 * `vault-export-target` for a target that would not keep it safe.
 */
export async function exportSecrets(vault: Pick<VaultDoor, 'get' | 'list'>, target: VaultExportTarget): Promise<string> {
  const { Encrypter, armor } = await import('age-encryption')
  const encrypter = new Encrypter()
  if ('recipient' in target) {
    try {
      encrypter.addRecipient(target.recipient)
    } catch {
      // The library's own words could repeat what was given.
      throw vaultProblems.exportTarget('this is no recipient of age')
    }
  } else {
    if (target.passphrase.length < passphraseMin) throw vaultProblems.exportTarget('the passphrase is too short')
    if (!isTypable(target.passphrase)) throw vaultProblems.exportTarget('nobody can type a passphrase of several lines')
    encrypter.setScryptWorkFactor(scryptLogN)
    encrypter.setPassphrase(target.passphrase)
  }
  const lines = vault.list().map(({ name, version, createdAt, changedAt }) => JSON.stringify({ name, value: vault.get(name)?.open('an export in age format') ?? '', version, createdAt, changedAt }))
  return armor.encode(await encrypter.encrypt(`${lines.join('\n')}\n`))
}
