import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { SecretName, vaultOf } from '../wire/vault-of.ts'

export const vaultRemove = defineMethod({
  name: 'vault.remove',
  scope: 'operator.admin',
  fresh: true,
  summary: 'Removes a secret; works for a damaged one too.',
  params: closed({ name: SecretName }),
  result: Type.Object({ ok: Type.Literal(true), removed: Type.Boolean() }),
  async handle({ name }, rooms, caller) {
    return { ok: true as const, removed: await vaultOf(rooms, caller).remove(name) }
  },
})
