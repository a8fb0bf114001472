import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed, Word } from '../wire/params.ts'

const Said = Type.Object({ verdict: Type.String(), reason: Type.String() })

export const policyWhoCan = defineMethod({
  name: 'policy.whoCan',
  scope: 'operator.approvals',
  summary: 'Who may have such an effect, on their own word and after strangers\' words were read.',
  params: closed({ effect: Word }),
  result: Type.Object({ people: Type.Array(Type.Object({ id: Type.String(), name: Type.Union([Type.String(), Type.Null()]), role: Type.String(), own: Said, tainted: Said })) }),
  async handle({ effect }, rooms) {
    if (rooms.policy === undefined) throw new Problem('policy-unavailable', 'This gateway was built without it.')
    return { people: await rooms.policy.whoCan(effect) }
  },
})
