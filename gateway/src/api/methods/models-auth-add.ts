import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { CredentialRow, credentialRow, credentialsOf } from '../wire/credential-rows.ts'
import { MaybeWord, Word, closed } from '../wire/params.ts'

const dayMs = 86_400_000

export const modelsAuthAdd = defineMethod({
  name: 'models.auth.add',
  scope: 'operator.admin',
  fresh: true,
  summary: 'Seals a key or a token of a provider under a name of its own.',
  params: closed({
    provider: Word, profile: MaybeWord, kind: Type.Union([Type.Literal('api-key'), Type.Literal('token')]), value: Type.String({ minLength: 1, maxLength: 20_000 }), expiresInDays: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 36_500 })),
  }),
  result: CredentialRow,
  async handle({ provider, profile = 'default', kind, value, expiresInDays }, rooms, caller) {
    return credentialRow(await credentialsOf(rooms).add({ provider, name: profile, kind, value, by: caller.principal.id, ...(expiresInDays === undefined ? {} : { expiresAt: rooms.clock.now() + expiresInDays * dayMs }) }))
  },
})
