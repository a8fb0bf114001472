import { defineCommand, exitCodes } from '@moltbot/contract'
import { askBackupKey } from '../backup-key.ts'
import { printableLine } from '../printable.ts'

export const backupVerify = defineCommand({
  name: 'backup verify',
  summary: 'Open a backup, compare everything in it, change nothing',
  topic: 'start',
  description: 'Every file is compared with what was written, and the database is checked. The passphrase is asked for, or read from standard input.',
  args: { file: { summary: 'The backup', required: true } },
  flags: { identity: { kind: 'text', value: 'file', summary: 'A file with an age identity instead of a passphrase' } },
  json: '{file, madeAt, version, from, files, bytes, recorded, database}',
  examples: ['backup verify moltbot-backup-20260201-090000.age', 'backup verify moltbot.age --identity key.txt'],
  async run({ args, flags }, context) {
    const key = await askBackupKey(context, flags.identity)
    const backup = await context.machine.offlineBackup()
    const { manifest, bytes, database } = await backup.verify(args.file, key)
    const { madeAt, version, from, files, recorded } = manifest
    context.report({ file: args.file, madeAt, version, from, files: files.length, bytes, recorded, database }, () => [
      `${context.terminal.paint.green('✓')} Whole: ${files.length} files of ${printableLine(from)}, ${new Date(madeAt).toISOString()}, version ${printableLine(version)}.`,
      database === 'ok' ? `  The database is in order; its record has ${recorded} entries.` : '  It holds no database.',
    ])
    return exitCodes.ok
  },
})
