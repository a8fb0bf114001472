import { defineMethod } from '../method.ts'
import { SignInAnswer, credentialsOf, noSignIn, signInAnswer } from '../wire/credential-rows.ts'
import { closed, Word } from '../wire/params.ts'

export const modelsAuthStop = defineMethod({
  name: 'models.auth.stop',
  scope: 'operator.admin',
  summary: 'Calls off a sign-in with a provider that is under way. What was signed in before stays.',
  params: closed({ provider: Word }),
  result: SignInAnswer,
  async handle({ provider }, rooms) {
    const attempt = credentialsOf(rooms).attemptOf(provider)
    if (attempt === undefined) throw noSignIn(provider)
    await attempt.stop()
    return signInAnswer(provider, attempt)
  },
})
