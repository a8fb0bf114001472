import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { credentialsOf } from '../wire/credential-rows.ts'
import { MaybeWord, closed, Word } from '../wire/params.ts'

export const modelsAuthLogout = defineMethod({
  name: 'models.authLogout',
  scope: 'operator.admin',
  summary: 'Forgets a credential of a provider, and has the provider take back what somebody signed in for.',
  params: closed({ provider: Word, profile: MaybeWord }),
  /** `revoked` null: there was nothing to take back; false: the provider could not be told. */
  result: Type.Object({ profile: Type.String(), revoked: Type.Union([Type.Boolean(), Type.Null()]) }),
  async handle({ provider, profile = 'default' }, rooms, caller) {
    const name = profile.includes(':') ? profile : `${provider}:${profile}`
    return { profile: name, ...(await credentialsOf(rooms).remove(name, caller.principal.id)) }
  },
})
