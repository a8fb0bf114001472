import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed } from '../wire/params.ts'

export const authLink = defineMethod({
  name: 'auth.link',
  scope: 'operator.admin',
  summary: 'The secret part of a link that signs one browser in, once, within ten minutes: <gateway>/?token=<token>. With device, what it signs in stays for gateway.controlUi.deviceDays, as a telephone should.',
  fresh: true,
  params: closed({ device: Type.Optional(Type.Boolean()) }),
  result: Type.Object({ token: Type.String(), expiresAtMs: Type.Integer() }),
  async handle({ device = false }, rooms, caller) {
    const { token, expiresAt } = await rooms.signIns.link(device ? 'device' : 'browser')
    await rooms.store.transaction((tx) => rooms.audit.append(tx, { act: 'auth.link-made', principal: caller.principal.id, subject: device ? 'device' : 'browser', outcome: 'done', reason: 'asked for' }))
    return { token, expiresAtMs: Math.round(expiresAt) }
  },
})
