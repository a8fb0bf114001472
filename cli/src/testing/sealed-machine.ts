import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Machine } from '@moltbot/contract'
import { FakeClock } from '@moltbot/contract/testing'
import { createVault, createVaultDesk, type Vault, type VaultAct } from '../../../gateway/src/foundation/vault/index.ts'

/** A machine whose vault is the gateway's own code in a folder of its own. */
export interface SealedMachine {
  machine: Pick<Machine, 'offlineVault'>
  vault: Vault
  acts: VaultAct[]
  secretsEnv: string
  /** With which options it was opened, and how often it was closed. */
  opened: { acceptOlder: boolean }[]
  closed: number
}

export async function sealedMachine(): Promise<SealedMachine> {
  const root = mkdtempSync(join(tmpdir(), 'moltbot-cli-vault-'))
  const stateDir = join(root, 'state')
  mkdirSync(stateDir)
  const vault = await createVault({ stateDir, keyFile: join(root, 'keys', 'vault.key'), clock: new FakeClock() })
  const secretsEnv = join(stateDir, 'secrets.env')
  const sealed: SealedMachine = {
    vault, acts: [], secretsEnv, opened: [], closed: 0,
    machine: {
      offlineVault: async ({ acceptOlder }) => {
        sealed.opened.push({ acceptOlder: acceptOlder === true })
        const desk = createVaultDesk({ vault, secretsEnv, record: async (act) => void sealed.acts.push(act), changed: async () => undefined })
        return { ...desk, close: async () => void (sealed.closed += 1) }
      },
    },
  }
  return sealed
}
