import { Secret } from '@moltbot/contract'
import type { Store } from '@moltbot/contract'
import type { Sealer } from './types.ts'

/** The values of credentials, sealed. Each method rejects while the vault is locked. */
export interface SealedCredentials {
  get(profile: string): Promise<Secret | undefined>
  set(profile: string, value: string): Promise<void>
  remove(profile: string): Promise<void>
  /** Rejects where nothing could be sealed now. */
  check(): Promise<void>
}

export function sealedCredentials(store: Store, sealer: Sealer): SealedCredentials {
  const factsOf = (profile: string): string[] => ['model credential', profile]
  return {
    async get(profile) {
      const row = await store.read.get<{ value: string }>('SELECT value FROM model_credential_values WHERE profile = ?', profile)
      return row === undefined ? undefined : new Secret(profile, (await sealer.open()).unseal(factsOf(profile), row.value))
    },
    async set(profile, value) {
      const sealed = (await sealer.open()).seal(factsOf(profile), value)
      await store.transaction((tx) => tx.run('INSERT INTO model_credential_values (profile, value) VALUES (?, ?) ON CONFLICT (profile) DO UPDATE SET value = excluded.value', profile, sealed))
    },
    async remove(profile) {
      await store.transaction((tx) => tx.run('DELETE FROM model_credential_values WHERE profile = ?', profile))
    },
    async check() {
      await sealer.open()
    },
  }
}
