import { existsSync } from 'node:fs'
import { describeError, type VaultDesk, type VaultFinding } from '@moltbot/contract'
import { absorbSecretsEnv, plainNames } from './absorb-secrets-env.ts'
import { exportSecrets } from './export-secrets.ts'
import type { VaultDoor } from './types.ts'

/** One line of the record. Never holds a value. */
export interface VaultAct {
  act: 'vault.set' | 'vault.revealed' | 'vault.removed' | 'vault.imported' | 'vault.rotated' | 'vault.locked' | 'vault.unlocked' | 'vault.exported' | 'vault.older-accepted'
  /** The name of the secret, or `vault`. */
  subject: string
  outcome: 'done' | 'failed'
  reason: string
  facts?: Record<string, unknown>
}

export interface VaultDeskOptions {
  vault: VaultDoor
  /** Writes into the record. A rejection keeps the act from happening, or its result from being handed out. */
  record(act: VaultAct): Promise<void>
  /** The `secrets.env` that can be absorbed. */
  secretsEnv: string
  /** Called after anything changed that a configuration may refer to. */
  changed(): Promise<void>
}

/** From this age on a secret is due for change. */
const dueMs = 180 * 86_400_000

/** The vault for people, with every act in the record. */
export function createVaultDesk(options: VaultDeskOptions): VaultDesk {
  const { vault, record, changed } = options

  /** Does it and records how it went. */
  async function acted<T>(act: VaultAct['act'], subject: string, work: () => Promise<T>, facts?: (result: T) => Record<string, unknown>): Promise<T> {
    let result: T
    try {
      result = await work()
    } catch (error) {
      await record({ act, subject, outcome: 'failed', reason: describeError(error) })
      throw error
    }
    await record({ act, subject, outcome: 'done', reason: 'asked for', ...(facts === undefined ? {} : { facts: facts(result) }) })
    return result
  }

  return {
    status: async () => vault.status(),
    list: async () => vault.list(),
    async set(name, value) {
      return acted('vault.set', name, async () => {
        await vault.set(name, value)
        await changed()
        return { version: vault.list().find((secret) => secret.name === name)?.version ?? 1 }
      }, ({ version }) => ({ version }))
    },
    async reveal(name) {
      const secret = vault.get(name)
      if (secret === undefined) return undefined
      await record({ act: 'vault.revealed', subject: name, outcome: 'done', reason: 'asked for' })
      return secret.open('shown to whoever asked for it')
    },
    async remove(name) {
      return acted('vault.removed', name, async () => {
        const was = await vault.remove(name)
        await changed()
        return was
      })
    },
    async importEnv() {
      return acted('vault.imported', 'vault', async () => {
        const absorbed = { file: options.secretsEnv, ...(await absorbSecretsEnv(options.secretsEnv, vault)) }
        await changed()
        return absorbed
      }, ({ moved, left }) => ({ moved, left }))
    },
    rotate: (target) => acted('vault.rotated', 'vault', () => vault.rotate(target), ({ kind, keyId }) => ({ kind, keyId })),
    async lock() {
      await record({ act: 'vault.locked', subject: 'vault', outcome: 'done', reason: 'asked for' })
      vault.lock()
      return vault.status()
    },
    unlock: (passphrase) => acted('vault.unlocked', 'vault', async () => {
      const status = await vault.unlock(passphrase)
      await changed()
      return status
    }),
    async doctor() {
      const status = vault.status()
      if (status.state === 'locked') return [{ severity: 'warn', subject: '', sentence: status.reason ?? 'The vault is locked.', next: 'Run: moltbot vault unlock' }]
      const findings: VaultFinding[] = vault.list().flatMap(({ name, ageMs }) => finding(name, ageMs))
      const plain = existsSync(options.secretsEnv) ? plainNames(options.secretsEnv) : []
      if (plain.length > 0) findings.push({ severity: 'info', subject: '', sentence: `${options.secretsEnv} holds ${plain.length} values in the clear: ${plain.join(', ')}.`, next: 'Move them into the vault: moltbot vault import' })
      return findings
    },
    async export(target) {
      const text = await exportSecrets(vault, target)
      await record({ act: 'vault.exported', subject: 'vault', outcome: 'done', reason: 'asked for', facts: { to: 'recipient' in target ? target.recipient : 'a passphrase' } })
      return text
    },
  }

  function finding(name: string, ageMs: number): VaultFinding[] {
    try {
      vault.get(name)
    } catch (error) {
      return [{ severity: 'critical', subject: name, sentence: describeError(error), next: `Remove it and set it again: moltbot vault rm ${name}` }]
    }
    return ageMs < dueMs ? [] : [{ severity: 'info', subject: name, sentence: `${name} was last changed ${Math.floor(ageMs / 86_400_000)} days ago.`, next: `Make a new one where it comes from, then: moltbot vault set ${name}` }]
  }
}
