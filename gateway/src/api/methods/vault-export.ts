import Type from 'typebox'
import { Problem } from '@moltbot/contract'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { Passphrase, vaultOf } from '../wire/vault-of.ts'

export const vaultExport = defineMethod({
  name: 'vault.export',
  scope: 'operator.admin',
  fresh: true,
  summary: 'Every secret in one armored age file, for a passphrase or a recipient; exactly one of the two.',
  params: closed({ passphrase: Type.Optional(Passphrase), recipient: Type.Optional(Type.String({ minLength: 1, maxLength: 4_096 })) }),
  result: Type.Object({ age: Type.String() }),
  async handle({ passphrase, recipient }, rooms, caller) {
    if ((passphrase === undefined) === (recipient === undefined)) throw new Problem('vault-export-target', 'Nothing was exported: give a passphrase or a recipient, not both.')
    return { age: await vaultOf(rooms, caller).export(recipient === undefined ? { passphrase: passphrase ?? '' } : { recipient }) }
  },
})
