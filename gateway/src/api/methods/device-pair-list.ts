import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { PairedDeviceRow, PendingDeviceRow } from '../wire/device-rows.ts'
import { open } from '../wire/params.ts'

export const devicePairList = defineMethod({
  name: 'device.pair.list',
  scope: 'operator.pairing',
  summary: 'Devices that wait to be let in, and those that were.',
  params: open({}),
  result: Type.Object({ pending: Type.Array(PendingDeviceRow), paired: Type.Array(PairedDeviceRow) }),
  handle: async (_params, rooms) => ({ pending: await rooms.devices.pending(), paired: await rooms.devices.list() }),
})
