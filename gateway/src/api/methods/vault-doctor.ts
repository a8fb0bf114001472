import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { vaultOf } from '../wire/vault-of.ts'

export const vaultDoctor = defineMethod({
  name: 'vault.doctor',
  scope: 'operator.admin',
  summary: 'Tries every secret and says what is damaged, old or still in the clear.',
  params: closed({}),
  result: Type.Object({
    findings: Type.Array(Type.Object({
      severity: Type.Union([Type.Literal('critical'), Type.Literal('warn'), Type.Literal('info')]), subject: Type.String(), sentence: Type.String(), next: Type.String(),
    })),
  }),
  async handle(_params, rooms, caller) {
    return { findings: await vaultOf(rooms, caller).doctor() }
  },
})
