import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import { withVault } from '../open-vault.ts'

export const vaultRm = defineCommand({
  name: 'vault rm',
  summary: 'Remove a secret from the vault',
  topic: 'settings',
  description: 'Asks first, or takes --yes. What refers to it no longer works then.',
  args: { name: { summary: 'Which one', required: true } },
  flags: { yes: { kind: 'boolean', short: 'y', summary: 'Remove it without asking' } },
  json: '{name, removed}',
  examples: ['vault rm OLD_API_KEY'],
  async run({ args, flags }, context) {
    const { terminal } = context
    if (!flags.yes) {
      if (!terminal.interactive) throw new Problem('usage', `${args.name} would be removed for good.`, { next: 'If that is what you want, add --yes.' })
      if ((await (await terminal.prompts()).confirm({ message: `Remove ${args.name} for good?`, initial: false })) !== true) return exitCodes.failed
    }
    const removed = await withVault(context, (vault) => vault.remove(args.name))
    if (!removed) throw new Problem('vault-name-unknown', `There is no secret ${JSON.stringify(args.name)}.`, { next: 'See what there is with: moltbot vault list' })
    context.report({ name: args.name, removed }, () => `${args.name} is removed.`)
    return exitCodes.ok
  },
})
