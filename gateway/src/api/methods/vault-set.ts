import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { SecretName, SecretValue, vaultOf } from '../wire/vault-of.ts'

export const vaultSet = defineMethod({
  name: 'vault.set',
  scope: 'operator.admin',
  fresh: true,
  summary: 'Seals a value under a name, replacing the one before; takes effect at once wherever the configuration refers to it.',
  params: closed({ name: SecretName, value: SecretValue }),
  result: Type.Object({ ok: Type.Literal(true), version: Type.Integer() }),
  async handle({ name, value }, rooms, caller) {
    return { ok: true as const, ...(await vaultOf(rooms, caller).set(name, value)) }
  },
})
