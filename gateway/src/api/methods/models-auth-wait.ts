import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { SignInAnswer, credentialsOf, noSignIn, signInAnswer } from '../wire/credential-rows.ts'
import { Word, closed } from '../wire/params.ts'

const waitMaxMs = 120_000

export const modelsAuthWait = defineMethod({
  name: 'models.auth.wait',
  scope: 'operator.admin',
  summary: 'Waits until a sign-in with a provider goes on or is over, and tells how it stands; at once where it changed since seen.',
  params: closed({ provider: Word, timeoutMs: Type.Optional(Type.Integer({ minimum: 0 })), seen: Type.Optional(Type.Integer({ minimum: 0 })) }),
  result: SignInAnswer,
  async handle({ provider, timeoutMs = 30_000, seen }, rooms) {
    const attempt = credentialsOf(rooms).attemptOf(provider)
    if (attempt === undefined) throw noSignIn(provider)
    await attempt.changed(Math.min(waitMaxMs, timeoutMs), seen)
    return signInAnswer(provider, attempt)
  },
})
