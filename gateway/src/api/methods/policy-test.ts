import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'

const OrNull = { text: Type.Union([Type.String(), Type.Null()]) }

export const policyTest = defineMethod({
  name: 'policy.test',
  scope: 'operator.approvals',
  summary: 'Holds everything the owner expects of the judge against what is in force.',
  params: closed({}),
  result: Type.Object({
    file: Type.String(), fault: OrNull.text,
    results: Type.Array(Type.Object({
      where: Type.String(), words: Type.String(), ok: Type.Boolean(), said: Type.Union([Type.Literal('allow'), Type.Literal('ask'), Type.Literal('deny'), Type.Null()]), because: Type.String(), why: OrNull.text,
    })),
  }),
  async handle(_params, rooms) {
    if (rooms.policy?.test === undefined) throw new Problem('policy-unavailable', 'This gateway was built without it.')
    return rooms.policy.test()
  },
})
