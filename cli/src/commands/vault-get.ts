import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import { withVault } from '../open-vault.ts'

export const vaultGet = defineCommand({
  name: 'vault get',
  summary: 'Print the value of a secret',
  topic: 'settings',
  description: 'Asks first, or takes --reveal for a yes. That it was shown is kept in the record.',
  args: { name: { summary: 'Which one', required: true } },
  flags: { reveal: { kind: 'boolean', summary: 'Print it without asking' } },
  json: '{name, value}',
  examples: ['vault get ANTHROPIC_API_KEY', 'vault get ANTHROPIC_API_KEY --reveal'],
  async run({ args, flags }, context) {
    const { terminal } = context
    if (!flags.reveal) {
      if (!terminal.interactive) throw new Problem('usage', 'The value would be printed in the clear.', { next: 'If that is what you want, add --reveal.' })
      if ((await (await terminal.prompts()).confirm({ message: `Show ${args.name} in the clear?`, initial: false })) !== true) return exitCodes.failed
    }
    const value = await withVault(context, (vault) => vault.reveal(args.name))
    if (value === undefined) throw new Problem('vault-name-unknown', `There is no secret ${JSON.stringify(args.name)}.`, { next: 'See what there is with: moltbot vault list' })
    context.report({ name: args.name, value }, () => value)
    return exitCodes.ok
  },
})
