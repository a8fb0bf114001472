import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { createPasswords, passwordBytesMax } from '../password.ts'
import { writeConfig } from '../wire/config-answers.ts'
import { closed } from '../wire/params.ts'

/** NIST SP 800-63B, section 5.1.1.1, asks for eight; a port that may be reached by others should have more. */
const lengthMin = 12

export const authPasswordSet = defineMethod({
  name: 'auth.password.set',
  scope: 'operator.admin',
  summary: 'Sets the password and keeps its argon2id hash alone; from then on the gateway asks for a password in place of the token. Every sign-in of before ends.',
  fresh: true,
  params: closed({ password: Type.String() }),
  result: Type.Object({ ok: Type.Literal(true) }),
  async handle({ password }, rooms, caller) {
    caller.finishFirst()
    if ([...password].length < lengthMin) throw new Problem('password-short', `A password of fewer than ${lengthMin} characters can be guessed.`, { next: 'Take several words.' })
    if (Buffer.byteLength(password) > passwordBytesMax) throw new Problem('password-long', `A password of more than ${passwordBytesMax} bytes is not taken.`)
    const passwordHash = await createPasswords().hash(password)
    await writeConfig(() => rooms.config.patch({ gateway: { auth: { mode: 'password', passwordHash, password: null } } }, rooms.config.snapshot().hash))
    await rooms.store.transaction((tx) => rooms.audit.append(tx, { act: 'auth.password-set', principal: caller.principal.id, subject: 'gateway.auth', outcome: 'done', reason: 'asked for' }))
    return { ok: true as const }
  },
})
