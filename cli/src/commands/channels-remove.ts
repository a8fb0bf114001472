import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import { accountPath, findNetwork, networksOf, unnamedAccount, writtenSection } from '../channel-config.ts'
import { openConfig } from '../config-access.ts'
import { printableLine } from '../printable.ts'
import { asFields } from '../wire-fields.ts'

export const channelsRemove = defineCommand({
  name: 'channels remove',
  summary: 'Switch a messaging network or one login of it off, or take it out of the configuration',
  topic: 'people',
  description: 'Asks first, or takes --yes. Without --account the whole network is meant, with all its logins. Secrets stay in the vault, conversations stay too; the configuration as it was is kept beside the file, as with every change. Works also while the gateway is not running.',
  args: {},
  flags: {
    channel: { kind: 'text', value: 'id', summary: 'The network' },
    account: { kind: 'text', value: 'name', summary: 'Only this login of it' },
    delete: { kind: 'boolean', summary: 'Take its settings away, not only switch it off' },
    yes: { kind: 'boolean', short: 'y', summary: 'Do it without asking' },
  },
  json: '{channel, account, path, deleted, changed, file, secrets}: secrets are names that stay in the vault',
  examples: ['channels remove --channel <id>', 'channels remove --channel <id> --account family --delete --yes'],
  async run({ flags }, context) {
    const { terminal } = context
    if (flags.channel === undefined) throw new Problem('usage', '"moltbot channels remove" needs --channel.', { next: 'See: moltbot channels remove --help' })
    const config = await openConfig(context)
    const network = findNetwork(networksOf(await config.schema()), flags.channel)
    const section = await writtenSection(context, config, network.id)
    const accounts = Object.keys(asFields(section['accounts']))
    const whole = flags.account === undefined
    const path = whole ? `channels.${network.id}` : accountPath(network.id, flags.account ?? unnamedAccount, section)
    if (!whole && path === `channels.${network.id}`) throw new Problem('usage', `The login without a name stands in ${path} itself, which is the switch of all of ${network.label}.`, { next: accounts.length === 0 ? 'Leave --account out.' : `Leave --account out to end them all, or name one of: ${accounts.map(printableLine).join(', ')}.` })
    if (!whole && !accounts.includes(flags.account ?? '')) throw new Problem('account-unknown', `${network.label} has no account "${printableLine(flags.account ?? '')}".`, { next: accounts.length === 0 ? 'It has no named accounts; leave --account out.' : `There are: ${accounts.map(printableLine).join(', ')}.` })
    const what = `${network.label}${whole ? '' : ` (${printableLine(flags.account ?? '')})`}${whole && accounts.length > 0 ? ` with ${accounts.map(printableLine).join(', ')}` : ''}`
    const act = flags.delete ? `Take the settings of ${what} away` : `Switch ${what} off`
    if (!flags.yes) {
      if (!terminal.interactive) throw new Problem('usage', `${act}? Nobody is here to answer.`, { next: 'If that is what you want, add --yes.' })
      if ((await (await terminal.prompts()).confirm({ message: `${act}?`, initial: false })) !== true) throw new Problem('interrupted', 'Nothing was changed.')
    }
    const place = whole ? section : asFields(asFields(section['accounts'])[flags.account ?? ''])
    const secrets = [...new Set([...JSON.stringify(place).matchAll(/\$\{secret:([^}"]+)\}/g)].map((match) => match[1] ?? ''))]
    // A token in the environment would open it again: then the switch stays, and stays off.
    const switchStays = !flags.delete || (whole && network.onByDefault)
    let changed = false
    if (switchStays && place['enabled'] !== false) {
      await config.set(`${path}.enabled`, false)
      changed = true
    }
    if (flags.delete) {
      const paths = switchStays ? Object.keys(place).filter((key) => key !== 'enabled').map((key) => `${path}.${key}`) : [path]
      for (const each of paths) changed = (await config.unset(each)) || changed
    }
    context.report({ channel: network.id, account: flags.account ?? null, path, deleted: flags.delete, changed, file: config.file, secrets: flags.delete ? secrets : [] }, () => [
      changed ? `${what} is ${flags.delete ? 'taken out of' : 'switched off in'} ${config.file}${config.through === 'file' ? '; the gateway reads it at its next start' : ''}.` : `${what} was so already; nothing was changed.`,
      ...(flags.delete && switchStays && changed ? [`Only ${path}.enabled stays, as false, so that a token in the environment opens nothing.`] : []),
      ...(flags.delete ? secrets.map((name) => `Its secret stays in the vault; remove it with: moltbot vault rm ${printableLine(name)}`) : [`Switch it on again with: moltbot config set ${path}.enabled true`]),
    ])
    return exitCodes.ok
  },
})
