import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open, Word } from '../wire/params.ts'

export const deviceTokenRevoke = defineMethod({
  name: 'device.token.revoke',
  scope: 'operator.pairing',
  summary: 'Ends a device’s token and closes what is connected with it.',
  params: open({ deviceId: Word, role: Word }),
  result: Type.Object({ deviceId: Type.String(), role: Type.String(), revokedAtMs: Type.Integer() }),
  handle: ({ deviceId, role }, rooms) => rooms.devices.revokeToken(deviceId, role),
})
