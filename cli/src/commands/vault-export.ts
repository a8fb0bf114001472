import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import { askNewPassphrase, withVault } from '../open-vault.ts'
import { writeFileAtomically } from '../write-file-atomically.ts'

export const vaultExport = defineCommand({
  name: 'vault export',
  summary: 'Print every secret as an age file',
  topic: 'settings',
  description: 'For a passphrase that is asked for (or read from standard input), or with --recipient for whoever holds that identity. The standard tool opens it: age -d file.',
  args: {},
  flags: { recipient: { kind: 'text', value: 'age1…', summary: 'An age recipient instead of a passphrase' }, output: { kind: 'text', value: 'file', short: 'o', summary: 'Write it there, for your eyes only, instead of printing it' } },
  json: '{age} or {file}',
  examples: ['vault export --output vault.age', 'vault export --recipient age1… > vault.age'],
  async run({ flags }, context) {
    if (flags.recipient !== undefined && !/^age1[0-9a-z]+$/.test(flags.recipient)) throw new Problem('usage', 'This is no age recipient.', { next: 'It begins with age1.' })
    const target = flags.recipient === undefined ? { passphrase: await askNewPassphrase(context, 'Passphrase for the export') } : { recipient: flags.recipient }
    const age = await withVault(context, (vault) => vault.export(target))
    const { output } = flags
    if (output === undefined) context.report({ age }, () => age.trimEnd())
    else {
      await writeFileAtomically(output, age)
      context.report({ file: output }, () => `The vault is exported to ${output}.`)
    }
    return exitCodes.ok
  },
})
