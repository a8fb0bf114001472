import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { PairedRow, pairedRow } from '../wire/pairing-rows.ts'
import { closed } from '../wire/params.ts'

export const pairingPaired = defineMethod({
  name: 'pairing.paired',
  scope: 'operator.pairing',
  summary: 'People who were let in, and as what.',
  params: closed({}),
  result: Type.Object({ paired: Type.Array(PairedRow) }),
  handle: async (_params, rooms) => ({ paired: (await rooms.guard.paired()).map(pairedRow) }),
})
