import { defineCommand, exitCodes, Problem } from '@moltbot/contract'
import { askBackupKey } from '../backup-key.ts'
import { printableLine } from '../printable.ts'

export const backupRestore = defineCommand({
  name: 'backup restore',
  summary: 'Put a backup in the place of what is here',
  topic: 'start',
  description: [
    'All of it is read and compared before anything is written. What stood here is moved aside, not removed. No gateway may run. Everybody is signed out.',
    'A backup that is older than what is here needs --accept-older: what came later would be gone, and the record says that it was put back.',
  ].join('\n\n'),
  args: { file: { summary: 'The backup', required: true } },
  flags: {
    'identity': { kind: 'text', value: 'file', summary: 'A file with an age identity instead of a passphrase' },
    'accept-older': { kind: 'boolean', summary: 'Also one that is older than what is here' },
    'yes': { kind: 'boolean', summary: 'Do not ask' },
  },
  json: '{from, madeAt, files, aside, record, notes}',
  examples: ['backup restore moltbot-backup-20260201-090000.age', 'backup restore moltbot.age --identity key.txt --accept-older'],
  async run({ args, flags }, context) {
    const { terminal, machine } = context
    if (flags.yes !== true) {
      if (!terminal.interactive) throw new Problem('usage', 'This replaces what is here.', { next: 'Say --yes if that is meant.' })
      if ((await (await terminal.prompts()).confirm({ message: `Put ${printableLine(args.file)} in the place of ${machine.stateDir}?`, initial: false })) !== true) return exitCodes.interrupted
    }
    const key = await askBackupKey(context, flags.identity)
    const backup = await machine.offlineBackup()
    const { manifest, aside, record, notes } = await backup.restore(args.file, key, { acceptOlder: flags['accept-older'] === true })
    const { green, yellow } = terminal.paint
    context.report({ from: manifest.from, madeAt: manifest.madeAt, files: manifest.files.length, aside: aside ?? null, record: record ?? null, notes }, () => [
      `${green('✓')} Restored as of ${new Date(manifest.madeAt).toISOString()}: ${manifest.files.length} files.`,
      ...(aside === undefined ? [] : [`  What stood here is now ${printableLine(aside)}.`]),
      ...(record === undefined ? [] : [`${record.ok ? green('✓') : yellow('●')} The record: ${printableLine(record.sentence)}`]),
      ...notes.map((note) => `${yellow('●')} ${printableLine(note)}`),
      `Start it again: ${machine.startCommand}`,
    ])
    return exitCodes.ok
  },
})
