import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { credentialsOf } from '../wire/credential-rows.ts'
import { Word, closed } from '../wire/params.ts'

export const modelsAuthOrder = defineMethod({
  name: 'models.auth.order',
  scope: 'operator.admin',
  summary: 'Says which credentials of a provider are used, and in which order; written to auth.order. Null: the usual order.',
  params: closed({ provider: Word, order: Type.Union([Type.Array(Word, { minItems: 1, maxItems: 50 }), Type.Null()]) }),
  result: Type.Object({ provider: Type.String(), order: Type.Union([Type.Array(Type.String()), Type.Null()]) }),
  async handle({ provider, order }, rooms) {
    const known = (await credentialsOf(rooms).list()).filter((each) => each.provider === provider).map(({ profile }) => profile)
    const named = order?.map((name) => (name.includes(':') ? name : `${provider}:${name}`)) ?? null
    const unknown = named?.find((profile) => !known.includes(profile))
    if (unknown !== undefined) throw new Problem('models-credential-unknown', `There is no credential ${unknown}.`, { next: known.length === 0 ? `Add one: moltbot models auth add --provider ${provider}` : `There are: ${known.join(', ')}.` })
    await rooms.config.patch({ auth: { order: { [provider]: named } } }, rooms.config.snapshot().hash)
    return { provider, order: named }
  },
})
