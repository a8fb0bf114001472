import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { Passphrase, vaultOf, VaultStatusRow } from '../wire/vault-of.ts'

export const vaultUnlock = defineMethod({
  name: 'vault.unlock',
  scope: 'operator.admin',
  summary: 'Fetches the key again, or makes it of the passphrase.',
  params: closed({ passphrase: Type.Optional(Passphrase) }),
  result: VaultStatusRow,
  async handle({ passphrase }, rooms, caller) {
    return vaultOf(rooms, caller).unlock(passphrase)
  },
})
