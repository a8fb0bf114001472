/** The vault as the others see it: opened to look, without the second factor, as the key of the record. */
import { existsSync } from 'node:fs'
import { describeError, Problem, Secret, type Facts, type GatewayRunOptions, type PrincipalId, type Store } from '@moltbot/contract'
import { vaultFile } from './api/index.ts'
import { keyPlaces, vaultKeyFile, type Environment } from './environment.ts'
import { createAudit } from './foundation/audit/index.ts'
import { factorSecrets } from './foundation/halt/index.ts'
import { systemClock } from './foundation/platform/index.ts'
import { createVault, readPassphrase, type Vault, type VaultAct } from './foundation/vault/index.ts'

/** Whether the vault can be read. */
export function sealed(vault: Vault): Facts['vault'] {
  try {
    const { state, reason } = vault.status()
    if (state === 'locked') return { state, reason: reason ?? 'The vault is locked.' }
    const { length } = vault.list()
    return length === 0 ? { state: 'none' } : { state: 'ok', secrets: length }
  } catch (error) {
    return { state: 'unusable', reason: describeError(error) }
  }
}

/** What the record is sealed with; undefined while the vault is locked. */
export function auditKey(vault: Pick<Vault, 'deriveKey'>): Buffer | undefined {
  try {
    return vault.deriveKey('audit chain')
  } catch (error) {
    if (error instanceof Problem && error.code === 'vault-locked') return undefined
    throw error
  }
}

export function recordVaultAct(act: VaultAct, by: PrincipalId, audit: Pick<ReturnType<typeof createAudit>, 'append'>, store: Store): Promise<void> {
  return store.transaction((tx) => audit.append(tx, { ...act, principal: by }))
}

/** The vault for somebody who only looks: nothing is made where there is none, and what keeps it shut is told to whoever asks for a secret. */
export async function sealedFor(stateDir: string, environment: Readonly<Record<string, string | undefined>>): Promise<Pick<Vault, 'get'>> {
  if (!existsSync(vaultFile(stateDir))) return { get: () => undefined }
  try {
    return await createVault({ stateDir, keyFile: vaultKeyFile(environment), clock: systemClock, ...keyPlaces(environment), lookOnly: true })
  } catch (error) {
    return { get() { throw error } }
  }
}

/** The vault without the second factor: whoever holds the gateway's token alone must not get it by the desk. */
export function withoutFactor(vault: Vault): Vault {
  const own = (name: string): boolean => factorSecrets.includes(name)
  const refuse = (): never => { throw new Problem('vault-reserved', 'This name is kept for the second factor of `moltbot resume`.', { next: 'Choose another name.' }) }
  return {
    ...vault,
    get: (name) => (own(name) ? undefined : vault.get(name)),
    list: () => vault.list().filter(({ name }) => !own(name)),
    set: async (name, value) => (own(name) ? refuse() : vault.set(name, value)),
    remove: async (name) => (own(name) ? refuse() : vault.remove(name)),
  }
}

/** The vault's passphrase, from the descriptor that was handed over or a person at the terminal; asked for once and kept for restarts of this process. */
export function passphraseOnce(options: Pick<GatewayRunOptions, 'passphraseFd' | 'askPassphrase'>, environment: Environment): () => Promise<string | undefined> {
  const descriptor = options.passphraseFd ?? (/^\d+$/.test(environment['MOLTBOT_VAULT_PASSPHRASE_FD'] ?? '') ? Number(environment['MOLTBOT_VAULT_PASSPHRASE_FD']) : undefined)
  let kept: Promise<Secret | undefined> | undefined
  return async () => {
    kept ??= (async () => {
      const given = descriptor === undefined ? await options.askPassphrase?.() : readPassphrase(descriptor)
      return given === undefined ? undefined : new Secret('the passphrase of the vault', given)
    })()
    return (await kept)?.open('opening the vault')
  }
}
