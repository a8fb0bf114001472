import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'

export const gatewayRestart = defineMethod({
  name: 'gateway.restart',
  scope: 'operator.admin',
  summary: 'Stops the gateway in good order with the wish to be started again.',
  params: closed({ reason: Type.Optional(Type.String({ maxLength: 200 })) }),
  result: Type.Object({ ok: Type.Literal(true), restart: Type.Literal(true) }),
  async handle({ reason }, rooms) {
    // After this tick, so that the answer is on the wire before the connections close.
    setImmediate(() => rooms.shutdown(reason ?? 'asked to restart', true))
    return { ok: true as const, restart: true as const }
  },
})
