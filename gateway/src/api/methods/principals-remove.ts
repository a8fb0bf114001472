import type { PrincipalId } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { approverOf } from '../wire/pairing-rows.ts'
import { closed, Word } from '../wire/params.ts'

export const principalsRemove = defineMethod({
  name: 'principals.remove',
  scope: 'operator.admin',
  summary: 'Forgets somebody and shuts all their senders out; what they had running ends. A list of the configuration that names them lets them in again.',
  params: closed({ id: Word }),
  result: Type.Object({ ok: Type.Literal(true) }),
  async handle({ id }, rooms, caller) {
    await rooms.guard.removePerson(id as PrincipalId, approverOf(caller))
    return { ok: true as const }
  },
})
