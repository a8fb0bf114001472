import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import { asFields, asText } from '../wire-fields.ts'

export const channelsLogout = defineCommand({
  name: 'channels logout',
  summary: 'Take a linked account off its telephone and forget its keys',
  topic: 'people',
  description: 'For networks whose login is no token, like WhatsApp. The keys are forgotten even if the network cannot be reached; then remove the device on the telephone as well.',
  args: {},
  flags: {
    channel: { kind: 'text', value: 'id', summary: 'The network' },
    account: { kind: 'text', value: 'id', summary: 'Which account of the configuration, where there are several' },
  },
  json: '{channel, accountId, cleared}',
  examples: ['channels logout --channel whatsapp'],
  async run({ flags }, { gateway, report }) {
    const { channel, account } = flags
    if (channel === undefined) throw new Problem('usage', '"moltbot channels logout" needs --channel.', { next: 'See: moltbot channels logout --help' })
    const client = await gateway()
    const answer = asFields(await client.request('channels.logout', { channel, ...(account === undefined ? {} : { accountId: account }) }, { timeoutMs: 45_000 }))
    report(answer, () => `Logged out of ${printableLine(asText(answer['channel']) ?? channel)}. Its keys are gone.`)
    return exitCodes.ok
  },
})
