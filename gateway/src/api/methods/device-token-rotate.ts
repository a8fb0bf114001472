import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open, Word } from '../wire/params.ts'

export const deviceTokenRotate = defineMethod({
  name: 'device.token.rotate',
  scope: 'operator.pairing',
  summary: 'A new token for a device; the old one stops working at once.',
  params: open({ deviceId: Word, role: Word, scopes: Type.Optional(Type.Array(Type.String())) }),
  result: Type.Object({ deviceId: Type.String(), role: Type.String(), token: Type.String(), scopes: Type.Array(Type.String()), rotatedAtMs: Type.Integer() }),
  handle: ({ deviceId, role, scopes }, rooms, caller) => rooms.devices.rotateToken(deviceId, role, scopes, caller.scopes),
})
