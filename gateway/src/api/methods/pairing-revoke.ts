import type { AccountId, SenderId } from '@moltbot/contract'
import { defaultAccount } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { approverOf, knownChannel } from '../wire/pairing-rows.ts'
import { closed, MaybeWord, Word } from '../wire/params.ts'

export const pairingRevoke = defineMethod({
  name: 'pairing.revoke',
  scope: 'operator.pairing',
  summary: 'Shuts someone out again who was let in.',
  params: closed({ channel: Word, account: MaybeWord, sender: Word }),
  result: Type.Object({ ok: Type.Literal(true), revoked: Type.Boolean() }),
  async handle({ channel, account, sender }, rooms, caller) {
    return { ok: true as const, revoked: await rooms.guard.revoke(knownChannel(rooms, channel), (account ?? defaultAccount) as AccountId, sender as SenderId, approverOf(caller)) }
  },
})
