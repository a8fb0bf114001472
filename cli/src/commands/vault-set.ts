import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import { askSecret, withVault } from '../open-vault.ts'

export const vaultSet = defineCommand({
  name: 'vault set',
  summary: 'Seal a secret under a name',
  topic: 'settings',
  description: 'The value is asked for, or read from standard input; it never stands on the command line. The configuration reads it with "${secret:NAME}". Works also while the gateway is not running.',
  args: { name: { summary: 'What it is called, like ANTHROPIC_API_KEY', required: true } },
  flags: {},
  json: '{name, version}',
  examples: ['vault set ANTHROPIC_API_KEY', 'vault set TELEGRAM_BOT_TOKEN < token.txt'],
  async run({ args }, context) {
    const value = await askSecret(context, `Value of ${args.name}`)
    if (value === undefined) throw new Problem('usage', 'No value was given; nothing was changed.', { next: 'Type it, or pass it on standard input.' })
    const { version } = await withVault(context, (vault) => vault.set(args.name, value))
    context.report({ name: args.name, version }, () => `${args.name} is sealed${version === 1 ? '' : ` (version ${version})`}. Refer to it with "\${secret:${args.name}}".`)
    return exitCodes.ok
  },
})
