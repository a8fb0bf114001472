import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { SignInAnswer, credentialsOf, noSignIn, signInAnswer } from '../wire/credential-rows.ts'
import { Word, closed } from '../wire/params.ts'

const waitMs = 12_000

export const modelsAuthPaste = defineMethod({
  name: 'models.auth.paste',
  scope: 'operator.admin',
  summary: 'Hands in the address at which a browser on another machine ended when somebody signed in.',
  params: closed({ provider: Word, address: Type.String({ minLength: 1, maxLength: 8_192 }) }),
  result: SignInAnswer,
  async handle({ provider, address }, rooms) {
    const attempt = credentialsOf(rooms).attemptOf(provider)
    if (attempt === undefined) throw noSignIn(provider)
    const seen = attempt.changes()
    attempt.handIn(address)
    await attempt.changed(waitMs, seen)
    return signInAnswer(provider, attempt)
  },
})
