import { defineCommand, exitCodes } from '@moltbot/contract'
import { askNewPassphrase } from '../open-vault.ts'
import { printableLine } from '../printable.ts'

export const backupCreate = defineCommand({
  name: 'backup create',
  summary: 'Write everything into one sealed file',
  topic: 'start',
  description: [
    'Settings, secrets (as sealed as they are, with the vault\'s key), conversations, people, the record and the workspaces, as of one moment; the gateway may run. Logs and earlier backups are left out.',
    'The file opens with a passphrase that is asked for (or read from standard input), or for age recipients; the standard tools read it: age -d FILE | tar x.',
  ].join('\n\n'),
  args: {},
  flags: {
    'output': { kind: 'text', value: 'file', short: 'o', summary: 'Where to (default: moltbot-backup-<day>-<time>.age here)' },
    'recipient': { kind: 'text', value: 'age1…', summary: 'Age recipients instead of a passphrase, with commas between; each alone can open it' },
    'without-key': { kind: 'boolean', summary: 'Leave the vault\'s key out; without it nobody opens the secrets' },
  },
  json: '{file, bytes, files, withKey, left}',
  examples: ['backup create', 'backup create --output /mnt/safe/moltbot.age', 'backup create --recipient age1…,age1…'],
  async run({ flags }, context) {
    const stamp = new Date(context.clock.now()).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')
    const target = flags.recipient === undefined ? { passphrase: await askNewPassphrase(context, 'Passphrase for the backup') } : { recipients: flags.recipient.split(',').map((each) => each.trim()) }
    const backup = await context.machine.offlineBackup()
    const made = await backup.create(flags.output ?? `moltbot-backup-${stamp}.age`, target, { key: flags['without-key'] !== true })
    const { green, yellow } = context.terminal.paint
    context.report({ ...made }, () => [
      `${green('✓')} ${printableLine(made.file)}: ${made.files} files, ${(made.bytes / 1e6).toFixed(1)} MB.`,
      ...(made.withKey ? [] : [`${yellow('●')} The vault's key is not in it. Keep it too, or the secrets stay closed.`]),
      ...made.left.map((sentence) => `${yellow('●')} Not in it: ${printableLine(sentence)}.`),
      'Look at it now and then: moltbot backup verify FILE',
    ])
    return exitCodes.ok
  },
})
