import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { SignInAnswer, credentialsOf, signInAnswer } from '../wire/credential-rows.ts'
import { MaybeWord, Word, closed } from '../wire/params.ts'

const firstStepMs = 12_000

export const modelsAuthStart = defineMethod({
  name: 'models.auth.start',
  scope: 'operator.admin',
  fresh: true,
  summary: 'Begins to sign in with a provider, and answers with what a person does: a code to type on any device, or a page to open.',
  params: closed({ provider: Word, profile: MaybeWord, way: Type.Optional(Type.Union([Type.Literal('device'), Type.Literal('browser')])) }),
  result: SignInAnswer,
  async handle({ provider, profile, way }, rooms, caller) {
    const attempt = await credentialsOf(rooms).signIn({ provider, by: caller.principal.id, ...(profile === undefined ? {} : { name: profile }), ...(way === undefined ? {} : { way }) })
    await attempt.changed(firstStepMs, 0)
    return signInAnswer(provider, attempt)
  },
})
