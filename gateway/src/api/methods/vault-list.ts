import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'
import { vaultOf } from '../wire/vault-of.ts'

export const vaultList = defineMethod({
  name: 'vault.list',
  scope: 'operator.admin',
  summary: 'Names, versions and ages of all sealed secrets; never a value.',
  params: closed({}),
  result: Type.Object({
    secrets: Type.Array(Type.Object({ name: Type.String(), version: Type.Integer(), createdAt: Type.Number(), changedAt: Type.Number(), ageMs: Type.Number() })),
  }),
  async handle(_params, rooms, caller) {
    return { secrets: await vaultOf(rooms, caller).list() }
  },
})
