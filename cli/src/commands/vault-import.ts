import { defineCommand, exitCodes } from '@moltbot/contract'
import { withVault } from '../open-vault.ts'
import { printableLine } from '../printable.ts'

export const vaultImport = defineCommand({
  name: 'vault import',
  summary: 'Move the values of secrets.env into the vault',
  topic: 'settings',
  description: 'Each value is sealed under its own name and read back; then the file is replaced by one with references (NAME=\'${secret:NAME}\') and the old one is overwritten and removed. The gateway\'s own token and password stay: clients on this computer read them there. Copies you made yourself, and copies a disk keeps on its own, are not reached: change what may have been seen.',
  args: {},
  flags: {},
  json: '{file, moved, left}',
  examples: ['vault import'],
  async run(_input, context) {
    const { file, moved, left } = await withVault(context, (vault) => vault.importEnv())
    context.report({ file, moved, left }, () => (moved.length === 0
      ? `There was nothing to move${left.length === 0 ? '' : ': what is there are references already, or the gateway\'s own credential'}.`
      : [`${moved.length === 1 ? 'One value is' : `${moved.length} values are`} in the vault now: ${moved.map(printableLine).join(', ')}.`, `${printableLine(file)} refers to them; the old file was overwritten and removed.`]))
    return exitCodes.ok
  },
})
