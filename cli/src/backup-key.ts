import { readFile } from 'node:fs/promises'
import { Problem, type BackupKey, type CommandContext } from '@moltbot/contract'
import { askSecret } from './open-vault.ts'

/** What opens a backup: the identity in a file, or a passphrase that is asked for. Neither ever stands on the command line. */
export async function askBackupKey(context: Pick<CommandContext, 'terminal'>, identityFile: string | undefined): Promise<BackupKey> {
  if (identityFile !== undefined) {
    const text = await readFile(identityFile, 'utf8').catch((cause: unknown) => { throw new Problem('file-unreadable', `${identityFile} cannot be read.`, { next: 'Check its name, owner and mode.', cause }) })
    const identity = text.split('\n').map((line) => line.trim()).find((line) => line.startsWith('AGE-SECRET-KEY-'))
    if (identity === undefined) throw new Problem('usage', `${identityFile} holds no identity of age.`, { next: 'It is a line that begins with AGE-SECRET-KEY-.' })
    return { identity }
  }
  const passphrase = await askSecret(context, 'Passphrase of the backup')
  if (passphrase === undefined) throw new Problem('usage', 'No passphrase was given.', { next: 'Type it, pass it on standard input, or name an identity with --identity FILE.' })
  return { passphrase }
}
