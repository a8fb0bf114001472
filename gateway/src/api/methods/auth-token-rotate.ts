import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { writeConfig } from '../wire/config-answers.ts'
import { closed } from '../wire/params.ts'

const hoursMax = 168

export const authTokenRotate = defineMethod({
  name: 'auth.token.rotate',
  scope: 'operator.admin',
  summary: 'Makes a new gateway token, shown once. Browsers and devices of the old one are signed out at once; programs may keep using it for overlapHours.',
  fresh: true,
  params: closed({ overlapHours: Type.Optional(Type.Integer({ minimum: 0, maximum: hoursMax })) }),
  result: Type.Object({ ok: Type.Literal(true), token: Type.String(), overlapUntilMs: Type.Union([Type.Integer(), Type.Null()]) }),
  async handle({ overlapHours = 0 }, rooms, caller) {
    caller.finishFirst()
    const token = rooms.signIns.newToken()
    const before = (await rooms.config.secrets.get('gateway.auth.token'))?.open('keep the old gateway token for its overlap')
    const until = overlapHours === 0 || before === undefined ? null : Math.round(rooms.clock.now() + overlapHours * 3_600_000)
    // One write: there is no moment with both tokens for good, and none with neither.
    await writeConfig(() => rooms.config.patch({ gateway: { auth: { token, previousToken: until === null ? null : (before ?? null), previousTokenUntil: until } } }, rooms.config.snapshot().hash))
    await rooms.store.transaction((tx) => rooms.audit.append(tx, { act: 'auth.token-rotated', principal: caller.principal.id, subject: 'gateway.auth', outcome: 'done', reason: 'asked for', facts: { overlapHours } }))
    return { ok: true as const, token, overlapUntilMs: until }
  },
})
