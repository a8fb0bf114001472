import Type from 'typebox'
import { Problem } from '@moltbot/contract'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { SecretName, vaultOf } from '../wire/vault-of.ts'

export const vaultGet = defineMethod({
  name: 'vault.get',
  scope: 'operator.admin',
  fresh: true,
  summary: 'The value of one secret, for its owner; recorded before it is answered.',
  params: closed({ name: SecretName, reveal: Type.Literal(true) }),
  result: Type.Object({ name: Type.String(), value: Type.String() }),
  async handle({ name }, rooms, caller) {
    const value = await vaultOf(rooms, caller).reveal(name)
    if (value === undefined) throw new Problem('vault-name-unknown', `There is no secret ${JSON.stringify(name)}.`, { next: 'See what there is with: moltbot vault list' })
    return { name, value }
  },
})
