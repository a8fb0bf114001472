import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { exitCodes, type BackupKey, type OfflineBackup } from '@moltbot/contract'
import { makeStateDir, runCommand } from '../testing/run-command.ts'

it('opens it with a passphrase or an identity from a file, and tells what it is', async () => {
  const keys: BackupKey[] = []
  const offlineBackup = async (): Promise<OfflineBackup> => ({
    verify: async (_file, key) => {
      keys.push(key)
      return { manifest: { format: 'moltbot-backup-1', madeAt: 0, version: '1.0.0', from: '/home/o/.moltbot', steps: ['a'], recorded: 7, vaultGeneration: 1, files: [] }, bytes: 10, database: 'ok' }
    },
    create: () => Promise.reject(new Error('not asked')), restore: () => Promise.reject(new Error('not asked')),
  })
  const run = await runCommand(['backup', 'verify', 'x.age'], { machine: { offlineBackup }, input: 'words\n' })
  expect([run.code, keys[0]]).toEqual([exitCodes.ok, { passphrase: 'words' }])
  expect(run.out).toContain('its record has 7 entries')
  const file = join(await makeStateDir(), 'key.txt')
  await writeFile(file, '# made today\nAGE-SECRET-KEY-1ABC\n')
  await runCommand(['backup', 'verify', 'x.age', '--identity', file], { machine: { offlineBackup } })
  expect(keys[1]).toEqual({ identity: 'AGE-SECRET-KEY-1ABC' })
  await writeFile(file, 'nothing\n')
  expect((await runCommand(['backup', 'verify', 'x.age', '--identity', file], { machine: { offlineBackup } })).code).toBe(exitCodes.usage)
})
