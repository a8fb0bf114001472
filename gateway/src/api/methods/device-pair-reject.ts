import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { open, Word } from '../wire/params.ts'

export const devicePairReject = defineMethod({
  name: 'device.pair.reject',
  scope: 'operator.pairing',
  summary: 'Turns a waiting device away.',
  params: open({ requestId: Word }),
  result: Type.Object({ requestId: Type.String(), deviceId: Type.String() }),
  handle: ({ requestId }, rooms) => rooms.devices.reject(requestId),
})
