import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { approverOf, knownChannel } from '../wire/pairing-rows.ts'
import { closed, Word } from '../wire/params.ts'

export const pairingReject = defineMethod({
  name: 'pairing.reject',
  scope: 'operator.pairing',
  summary: 'Turns the person with this code away.',
  params: closed({ channel: Word, code: Word }),
  result: Type.Object({ ok: Type.Literal(true), rejected: Type.Literal(true) }),
  async handle({ channel, code }, rooms, caller) {
    if (!(await rooms.guard.reject(knownChannel(rooms, channel), code.trim(), approverOf(caller)))) {
      throw new Problem('pairing-code-unknown', 'Nobody is waiting with that code.', { next: 'See pairing.list.' })
    }
    return { ok: true as const, rejected: true as const }
  },
})
