import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { channelAccount } from '../wire/channel-account.ts'
import { closed, MaybeWord, Word } from '../wire/params.ts'

export const channelsStop = defineMethod({
  name: 'channels.stop',
  scope: 'operator.admin',
  summary: 'Switches a login of a network off, in the configuration; its token stays.',
  params: closed({ channel: Word, accountId: MaybeWord }),
  result: Type.Object({ channel: Type.String(), accountId: Type.String(), stopped: Type.Literal(true) }),
  async handle(params, rooms) {
    const { channel, account, place } = channelAccount(rooms, params.channel, params.accountId)
    await rooms.config.set(`${place}.enabled`, false)
    return { channel: channel.id, accountId: account, stopped: true as const }
  },
})
