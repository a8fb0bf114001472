import type { PrincipalId } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { approverOf } from '../wire/pairing-rows.ts'
import { closed, Word } from '../wire/params.ts'
import { PersonRow, personRow } from '../wire/person-rows.ts'

const Roles = Type.Union([Type.Literal('owner'), Type.Literal('admin'), Type.Literal('member'), Type.Literal('guest')])

export const principalsRole = defineMethod({
  name: 'principals.role',
  scope: 'operator.admin',
  summary: 'Gives somebody a role of their own in place of a profile. It holds from their next act on; who may less than before is stopped.',
  fresh: ({ role }) => role === 'owner' || role === 'admin',
  params: closed({ id: Word, role: Roles }),
  result: Type.Object({ ok: Type.Literal(true), person: PersonRow }),
  handle: async ({ id, role }, rooms, caller) => ({ ok: true as const, person: personRow(await rooms.guard.setRole(id as PrincipalId, role, approverOf(caller))) }),
})
