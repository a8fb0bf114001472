import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'

const dayMs = 86_400_000
const daysMax = 60

export const tlsRotate = defineMethod({
  name: 'tls.rotate',
  scope: 'operator.admin',
  summary: 'Makes a new authority for the gateway\'s certificate, which signs after so many days (0: at once). Until then both fingerprints are shown, so that clients can be given the new one.',
  fresh: true,
  params: closed({ afterDays: Type.Integer({ minimum: 0, maximum: daysMax }) }),
  result: Type.Object({ ok: Type.Literal(true), fingerprint: Type.String(), next: Type.Union([Type.Object({ fingerprint: Type.String(), from: Type.Integer() }), Type.Null()]) }),
  async handle({ afterDays }, rooms, caller) {
    if (rooms.rotateAuthority === undefined) throw new Problem('door-no-rotation', 'This gateway was built without a door that shows a certificate.')
    const { fingerprint, next } = await rooms.rotateAuthority(rooms.clock.now() + afterDays * dayMs)
    await rooms.store.transaction((tx) => rooms.audit.append(tx, {
      act: 'tls.authority-rotated', principal: caller.principal.id, subject: 'gateway.tls', outcome: 'done', reason: 'asked for', facts: { afterDays, fingerprint: next?.fingerprint ?? fingerprint },
    }))
    return { ok: true as const, fingerprint, next }
  },
})
