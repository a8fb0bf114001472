import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open } from '../wire/params.ts'

export const sessionsGroupsList = defineMethod({
  name: 'sessions.groups.list',
  scope: 'operator.read',
  summary: 'How sessions are grouped; they are not.',
  params: open({}),
  result: Type.Object({ groups: Type.Array(Type.Unknown()), sectionOrder: Type.Array(Type.Unknown()) }),
  handle: async (_params) => ({ groups: [], sectionOrder: [] }),
})
