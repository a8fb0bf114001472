import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { loginAccount } from '../wire/login-answer.ts'
import { closed, MaybeWord, Word } from '../wire/params.ts'

export const channelsLogout = defineMethod({
  name: 'channels.logout',
  scope: 'operator.admin',
  summary: 'Takes a linked device off the telephone as far as the network can be reached, and forgets its keys in any case.',
  params: closed({ channel: Word, accountId: MaybeWord }),
  result: Type.Object({ channel: Type.String(), accountId: Type.String(), cleared: Type.Boolean() }),
  async handle(params, rooms) {
    const { channel, account } = loginAccount(rooms, params.channel, params.accountId)
    await rooms.connections.logout(channel.id, account)
    return { channel: channel.id as string, accountId: account as string, cleared: true }
  },
})
