import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import { asFields, asText } from '../wire-fields.ts'

export const messageListGroups = defineCommand({
  name: 'message list-groups',
  summary: 'The groups an account is in, with the ids a configuration names them by',
  topic: 'talk',
  args: {},
  flags: {
    channel: { kind: 'text', value: 'id', summary: 'The network, like whatsapp' },
    account: { kind: 'text', value: 'id', summary: 'Which account of the network, where there are several' },
  },
  json: '{channel, accountId, groups: [{id, title, members}]}',
  examples: ['message list-groups --channel whatsapp'],
  async run({ flags }, { gateway, report, terminal }) {
    const { channel, account } = flags
    if (channel === undefined) throw new Problem('usage', '"moltbot message list-groups" needs --channel.', { next: 'See: moltbot message list-groups --help' })
    const client = await gateway()
    const answer = asFields(await client.request('channels.groups', { channel, ...(account === undefined ? {} : { accountId: account }) }, { timeoutMs: 30_000 }))
    const groups = Array.isArray(answer['groups']) ? answer['groups'].map(asFields) : []
    report(answer, () => (groups.length === 0 ? ['This account is in no group.'] : groups.map((group) => {
      const members = Number(group['members'])
      return `${terminal.paint.bold(printableLine(asText(group['id']) ?? '?'))}  ${printableLine(asText(group['title']) ?? '')} ${terminal.paint.dim(`(${members === 1 ? 'one member' : `${members} members`})`)}`
    })))
    return exitCodes.ok
  },
})
