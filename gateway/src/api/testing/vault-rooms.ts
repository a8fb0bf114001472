import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PrincipalId } from '@moltbot/contract'
import { FakeClock } from '@moltbot/contract/testing'
import { afterAll } from 'vitest'
import { createVault, createVaultDesk, type Vault, type VaultAct } from '../../foundation/vault/index.ts'
import { fakeRooms, type FakeRooms } from './fake-rooms.ts'

export interface VaultRooms extends FakeRooms {
  sealed: Vault
  /** What went into the record, and for whom. */
  acts: (VaultAct & { by: PrincipalId })[]
  /** The `secrets.env` that can be absorbed; not there at first. */
  secretsEnv: string
}

/** Rooms with a real vault in a folder of its own. */
export async function vaultRooms(): Promise<VaultRooms> {
  const root = mkdtempSync(join(tmpdir(), 'vault-rooms-'))
  afterAll(() => rmSync(root, { recursive: true, force: true }))
  const stateDir = join(root, 'state')
  mkdirSync(stateDir)
  const sealed = await createVault({ stateDir, keyFile: join(root, 'keys', 'vault.key'), clock: new FakeClock() })
  const acts: VaultRooms['acts'] = []
  const secretsEnv = join(stateDir, 'secrets.env')
  return {
    ...(await fakeRooms()), sealed, acts, secretsEnv,
    vault: (by) => createVaultDesk({ vault: sealed, record: async (act) => void acts.push({ ...act, by }), secretsEnv, changed: async () => undefined }),
  }
}
