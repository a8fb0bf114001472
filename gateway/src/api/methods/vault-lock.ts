import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { vaultOf, VaultStatusRow } from '../wire/vault-of.ts'

export const vaultLock = defineMethod({
  name: 'vault.lock',
  scope: 'operator.admin',
  summary: 'Forgets the key: no secret can be read until the vault is unlocked.',
  params: closed({}),
  result: VaultStatusRow,
  async handle(_params, rooms, caller) {
    return vaultOf(rooms, caller).lock()
  },
})
