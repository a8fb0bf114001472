import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { vaultOf } from '../wire/vault-of.ts'

export const vaultImport = defineMethod({
  name: 'vault.import',
  scope: 'operator.admin',
  fresh: true,
  summary: 'Moves every value of secrets.env into the vault and leaves references there.',
  params: closed({}),
  result: Type.Object({ file: Type.String(), moved: Type.Array(Type.String()), left: Type.Array(Type.String()) }),
  async handle(_params, rooms, caller) {
    return vaultOf(rooms, caller).importEnv()
  },
})
