import { abilityWords, defineCommand, exitCodes, Problem, type Ability } from '@moltbot/contract'
import { findNetwork, networksOf } from '../channel-config.ts'
import { printableLine } from '../printable.ts'
import { asFields, asList, asNumber, asText, asTexts, type Fields } from '../wire-fields.ts'

export const channelsCapabilities = defineCommand({
  name: 'channels capabilities',
  summary: 'What each open account can do besides sending words',
  topic: 'look',
  args: {},
  flags: {
    channel: { kind: 'text', value: 'name', summary: 'Only this network' },
  },
  json: 'accounts: channel, account, and its abilities as in the gateway’s `channels.status`',
  async run({ flags }, { gateway, report, terminal }) {
    const client = await gateway()
    const status = asFields(await client.request('channels.status', flags.channel === undefined ? {} : { channel: flags.channel }))
    const labels = asFields(status['channelLabels'])
    const accounts = Object.entries(asFields(status['channelAccounts'])).flatMap(([channel, list]) =>
      asList(list).map((account) => ({ channel, account: asText(account['accountId']) ?? 'default', abilities: account['abilities'] === undefined ? null : asFields(account['abilities']) })))
    if (accounts.length === 0 && flags.channel !== undefined) {
      const network = findNetwork(networksOf(asFields(asFields(await client.request('config.schema'))['schema'])), flags.channel)
      throw new Problem('channel-off', `${network.label} is not set up here.`, { next: `Set it up: moltbot channels add --channel ${network.id}` })
    }
    report({ accounts }, () => (accounts.length === 0 ? ['No channels.'] : accounts.flatMap(({ channel, account, abilities }) => {
      const name = `${printableLine(asText(labels[channel]) ?? channel)}${account === 'default' ? '' : ` (${printableLine(account)})`}`
      return abilities === null ? [`${name}: ${terminal.paint.dim('not open')}`] : [`${name}:`, ...linesOf(abilities)]
    })))
    return exitCodes.ok
  },
})

function linesOf(abilities: Fields): string[] {
  const [length, file, buttons] = [asNumber(abilities['textLengthMax']), asNumber(abilities['fileBytesMax']), asNumber(abilities['buttonsMax'])]
  const more: Partial<Record<Ability, string>> = {
    ...(file === undefined ? {} : { files: ` (up to ${Math.round(file / 1_048_576)} MB)` }), ...(buttons === undefined ? {} : { buttons: ` (up to ${buttons})` }),
  }
  const can = asTexts(abilities['can']).map((ability) => `${abilityWords[ability as Ability] ?? printableLine(ability)}${more[ability as Ability] ?? ''}`)
  return [...(length === undefined ? [] : [`    messages of ${length.toLocaleString('en')} characters`]), ...can.map((words) => `    ${words}`)]
}
