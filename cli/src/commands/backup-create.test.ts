import { expect, it } from 'vitest'
import { exitCodes, type BackupTarget, type OfflineBackup } from '@moltbot/contract'
import { runCommand } from '../testing/run-command.ts'

it('asks for a passphrase, or takes recipients, and says what is not in it', async () => {
  const asked: { file: string; target: BackupTarget; key: boolean }[] = []
  const offlineBackup = async (): Promise<OfflineBackup> => ({
    create: async (file, target, { key }) => { asked.push({ file, target, key }); return { file, bytes: 2_500_000, files: 12, withKey: key, left: ['a workspace lies elsewhere: /srv/w'] } },
    verify: () => Promise.reject(new Error('not asked')), restore: () => Promise.reject(new Error('not asked')),
  })
  const first = await runCommand(['backup', 'create', '--output', 'x.age'], { machine: { offlineBackup }, input: 'correct horse battery staple\n' })
  expect([first.code, asked[0]]).toEqual([exitCodes.ok, { file: 'x.age', target: { passphrase: 'correct horse battery staple' }, key: true }])
  expect(first.out).toContain('12 files, 2.5 MB')
  expect(first.out).toContain('Not in it: a workspace lies elsewhere: /srv/w.')
  const second = await runCommand(['backup', 'create', '--recipient', 'age1a, age1b', '--without-key'], { machine: { offlineBackup } })
  expect(asked[1]).toMatchObject({ target: { recipients: ['age1a', 'age1b'] }, key: false })
  expect(asked[1]?.file).toMatch(/^moltbot-backup-\d{8}-\d{6}\.age$/)
  expect(second.out).toContain('key is not in it')
  expect((await runCommand(['backup', 'create'], { machine: { offlineBackup }, input: '' })).code).toBe(exitCodes.usage)
})
