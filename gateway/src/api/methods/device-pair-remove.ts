import Type from 'typebox'
import { Problem } from '@moltbot/contract'
import { defineMethod } from '../method.ts'
import { open, Word } from '../wire/params.ts'

export const devicePairRemove = defineMethod({
  name: 'device.pair.remove',
  scope: 'operator.pairing',
  summary: 'Forgets a device and its tokens and closes its connections.',
  params: open({ deviceId: Word }),
  result: Type.Object({ deviceId: Type.String(), removed: Type.Literal(true) }),
  async handle({ deviceId }, rooms) {
    if (!(await rooms.devices.remove(deviceId))) throw new Problem('device-unknown', 'unknown deviceId.', { next: 'See device.pair.list for the devices of this gateway.' })
    return { deviceId, removed: true as const }
  },
})
