import type { PrincipalId } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { approverOf } from '../wire/pairing-rows.ts'
import { closed, Word } from '../wire/params.ts'
import { PersonRow, personRow } from '../wire/person-rows.ts'

export const principalsProfile = defineMethod({
  name: 'principals.profile',
  scope: 'operator.admin',
  summary: 'Gives somebody one of the profiles of the configuration (people.profiles), or none. It holds from their next act on.',
  params: closed({ id: Word, profile: Type.Union([Word, Type.Null()]) }),
  result: Type.Object({ ok: Type.Literal(true), person: PersonRow }),
  handle: async ({ id, profile }, rooms, caller) => ({ ok: true as const, person: personRow(await rooms.guard.setProfile(id as PrincipalId, profile, approverOf(caller))) }),
})
