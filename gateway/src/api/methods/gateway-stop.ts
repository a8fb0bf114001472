import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'

export const gatewayStop = defineMethod({
  name: 'gateway.stop',
  scope: 'operator.admin',
  summary: 'Stops the gateway in good order: what runs is written down and goes on after the next start.',
  params: closed({ reason: Type.Optional(Type.String({ maxLength: 200 })) }),
  result: Type.Object({ ok: Type.Literal(true), restart: Type.Literal(false) }),
  async handle({ reason }, rooms) {
    // After this tick, so that the answer is on the wire before the connections close.
    setImmediate(() => rooms.shutdown(reason ?? 'asked to stop', false))
    return { ok: true as const, restart: false as const }
  },
})
