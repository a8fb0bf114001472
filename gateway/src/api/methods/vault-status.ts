import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { vaultOf, VaultStatusRow } from '../wire/vault-of.ts'

export const vaultStatus = defineMethod({
  name: 'vault.status',
  scope: 'operator.admin',
  summary: 'Whether the vault is open, which kind of key it has and how many secrets are in it.',
  params: closed({}),
  result: VaultStatusRow,
  async handle(_params, rooms, caller) {
    return vaultOf(rooms, caller).status()
  },
})
