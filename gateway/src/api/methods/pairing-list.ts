import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { knownChannel, PairingRow, pairingRow } from '../wire/pairing-rows.ts'
import { closed, MaybeWord } from '../wire/params.ts'

export const pairingList = defineMethod({
  name: 'pairing.list',
  scope: 'operator.pairing',
  summary: 'People who wrote to this gateway and wait to be let in, the longest waiting first.',
  params: closed({ channel: MaybeWord }),
  result: Type.Object({ requests: Type.Array(PairingRow) }),
  handle: async ({ channel }, rooms) => ({ requests: (await rooms.guard.pending(channel === undefined ? undefined : knownChannel(rooms, channel))).map(pairingRow) }),
})
