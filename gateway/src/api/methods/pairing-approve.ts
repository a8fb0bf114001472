import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { approverOf, knownChannel, PairedRow, pairedRow } from '../wire/pairing-rows.ts'
import { closed, Word } from '../wire/params.ts'

export const pairingApprove = defineMethod({
  name: 'pairing.approve',
  scope: 'operator.pairing',
  summary: 'Lets the person with this code in. Ten wrong codes in a minute lock approval for five.',
  params: closed({ channel: Word, code: Word }),
  result: Type.Object({ ok: Type.Literal(true), paired: PairedRow }),
  async handle({ channel, code }, rooms, caller) {
    return { ok: true as const, paired: pairedRow(await rooms.guard.approve(knownChannel(rooms, channel), code.trim(), approverOf(caller))) }
  },
})
