import { expect, it } from 'vitest'
import { exitCodes, type OfflineBackup } from '@moltbot/contract'
import { runCommand } from '../testing/run-command.ts'

it('does nothing unasked, passes on what was accepted, and tells where things are now', async () => {
  const asked: { file: string; acceptOlder: boolean }[] = []
  const offlineBackup = async (): Promise<OfflineBackup> => ({
    restore: async (file, _key, { acceptOlder }) => {
      asked.push({ file, acceptOlder })
      return {
        manifest: { format: 'moltbot-backup-1', madeAt: 0, version: '1.0.0', from: '/s', steps: [], recorded: 0, vaultGeneration: 0, files: [] }, aside: '/s.before', notes: ['Everybody is signed out.'],
        record: { ok: false, fault: 'restored', at: 3, rows: 3, from: 1, to: 3, anchors: 1, sentence: 'An older copy was put back.', next: null, notes: [] },
      }
    },
    create: () => Promise.reject(new Error('not asked')), verify: () => Promise.reject(new Error('not asked')),
  })
  expect((await runCommand(['backup', 'restore', 'x.age'], { machine: { offlineBackup }, input: 'words\n' })).code).toBe(exitCodes.usage)
  expect(asked).toEqual([])
  const run = await runCommand(['backup', 'restore', 'x.age', '--yes', '--accept-older'], { machine: { offlineBackup }, input: 'words\n' })
  expect([run.code, asked]).toEqual([exitCodes.ok, [{ file: 'x.age', acceptOlder: true }]])
  for (const words of ['is now /s.before', 'An older copy was put back.', 'Everybody is signed out.']) expect(run.out).toContain(words)
})
