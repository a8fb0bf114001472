import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { offlineBackup } from '../../gateway/src/offline-backup.ts'
import { backupBeside } from '../../gateway/src/scheduled-backup.ts'
import { builtCopy, createSpawnedGateway, type SpawnedGateway } from '../support/spawned-gateway.ts'

let at: SpawnedGateway
beforeAll(async () => {
  at = await createSpawnedGateway({ gateway: { auth: { mode: 'token', token: 'a-token-0123456789abcdef0123456789abcdef' } } })
  await at.start()
})
afterAll(async () => {
  await at.stop()
  at.remove()
})

it('beside a gateway that runs, without its secrets in its environment, and its recipient opens the whole state', async () => {
  const identity = await generateIdentity()
  const make = backupBeside(builtCopy(), { HOME: at.home, PATH: process.env['PATH'], ANTHROPIC_API_KEY: 'sk-not-for-a-backup' })
  const file = join(at.stateDir, 'backups', 'moltbot-auto-20260101-000000.age')
  mkdirSync(join(at.stateDir, 'backups'), { recursive: true, mode: 0o700 })
  expect((await make(file, [await identityToRecipient(identity)])).bytes).toBeGreaterThan(10_000)
  const { manifest, database } = await offlineBackup(at.stateDir, { HOME: at.home }).verify(file, { identity })
  expect(database).toBe('ok')
  expect(manifest.files.map(({ path }) => path)).toEqual(expect.arrayContaining(['state/sessions/moltbot.db', 'state/moltbot.json']))
  // One that cannot be made says why, in the words of the command line.
  await expect(make(file, [await identityToRecipient(identity)])).rejects.toThrow(/is there already/)
  await expect(make(join(at.home, 'other.age'), ['age1nobody'])).rejects.toThrow(/backup|recipient/i)
  rmSync(file)
})
