import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { KeyKind, Passphrase, vaultOf, VaultStatusRow } from '../wire/vault-of.ts'

export const vaultRotate = defineMethod({
  name: 'vault.rotate',
  scope: 'operator.admin',
  fresh: true,
  summary: 'A new key for the vault, of the same or another kind; everything is sealed anew.',
  params: closed({ kind: Type.Optional(KeyKind), passphrase: Type.Optional(Passphrase) }),
  result: VaultStatusRow,
  async handle({ kind, passphrase }, rooms, caller) {
    const desk = vaultOf(rooms, caller)
    return desk.rotate({ kind: kind ?? (await desk.status()).kind, ...(passphrase === undefined ? {} : { passphrase }) })
  },
})
