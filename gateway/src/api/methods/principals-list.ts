import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { PersonRow, personRow } from '../wire/person-rows.ts'

export const principalsList = defineMethod({
  name: 'principals.list',
  scope: 'operator.pairing',
  summary: 'Everybody this gateway knows, with role and profile, the longest known first; and the profiles there are.',
  params: closed({}),
  result: Type.Object({ people: Type.Array(PersonRow), profiles: Type.Array(Type.String()) }),
  handle: async (_params, rooms) => ({ people: (await rooms.guard.people()).map(personRow), profiles: rooms.guard.profileNames() }),
})
