import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { channelAccount } from '../wire/channel-account.ts'
import { closed, MaybeWord, Word } from '../wire/params.ts'

export const channelsStart = defineMethod({
  name: 'channels.start',
  scope: 'operator.admin',
  fresh: true,
  summary: 'Switches a login of a network on, in the configuration.',
  params: closed({ channel: Word, accountId: MaybeWord }),
  result: Type.Object({ channel: Type.String(), accountId: Type.String(), started: Type.Literal(true) }),
  async handle(params, rooms) {
    const { channel, account, place } = channelAccount(rooms, params.channel, params.accountId)
    await rooms.config.set(`${place}.enabled`, true)
    return { channel: channel.id, accountId: account, started: true as const }
  },
})
