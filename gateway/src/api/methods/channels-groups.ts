import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { channelAccount } from '../wire/channel-account.ts'
import { closed, MaybeWord, Word } from '../wire/params.ts'

const patienceMs = 20_000

export const channelsGroups = defineMethod({
  name: 'channels.groups',
  scope: 'operator.read',
  summary: 'The groups an account of a network is in, with the ids a configuration names them by.',
  params: closed({ channel: Word, accountId: MaybeWord }),
  result: Type.Object({
    channel: Type.String(), accountId: Type.String(),
    groups: Type.Array(Type.Object({ id: Type.String(), title: Type.String(), members: Type.Integer() })),
  }),
  async handle(params, rooms) {
    const { channel, account } = channelAccount(rooms, params.channel, params.accountId)
    const groups = await rooms.connections.groups(channel.id, account, patienceMs)
    return { channel: channel.id as string, accountId: account as string, groups: groups.map(({ chat, title, members }) => ({ id: chat as string, title, members })) }
  },
})
