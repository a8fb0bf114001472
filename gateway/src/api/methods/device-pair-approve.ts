import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { PairedDeviceRow } from '../wire/device-rows.ts'
import { open, Word } from '../wire/params.ts'

export const devicePairApprove = defineMethod({
  name: 'device.pair.approve',
  scope: 'operator.pairing',
  summary: 'Lets a waiting device in, with no more than the one who approves may do.',
  params: open({ requestId: Word }),
  result: Type.Object({ requestId: Type.String(), device: PairedDeviceRow }),
  handle: ({ requestId }, rooms, caller) => rooms.devices.approve(requestId, caller.scopes),
})
