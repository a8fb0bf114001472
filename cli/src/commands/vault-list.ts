import { defineCommand, exitCodes } from '@moltbot/contract'
import { withVault } from '../open-vault.ts'
import { printableLine } from '../printable.ts'

export const vaultList = defineCommand({
  name: 'vault list',
  summary: 'Names, versions and ages of the sealed secrets',
  topic: 'settings',
  groupDefault: true,
  args: {},
  flags: {},
  json: '[{name, version, createdAt, changedAt, ageMs}]',
  examples: ['vault list'],
  async run(_input, context) {
    const secrets = await withVault(context, (vault) => vault.list())
    const width = Math.max(...secrets.map(({ name }) => name.length), 4)
    context.report(secrets, () => (secrets.length === 0
      ? 'The vault is empty. Put something in with: moltbot vault set NAME'
      : secrets.map(({ name, version, ageMs }) => `${printableLine(name).padEnd(width)}  version ${version}, ${ageOf(ageMs)}`)))
    return exitCodes.ok
  },
})

function ageOf(ageMs: number): string {
  const days = Math.floor(ageMs / 86_400_000)
  return days === 0 ? 'changed today' : `changed ${days === 1 ? 'yesterday' : `${days} days ago`}`
}
