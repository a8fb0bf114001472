import { defineCommand, exitCodes } from '@moltbot/contract'
import { findDevice } from '../device-lookup.ts'
import { printableLine } from '../printable.ts'
import { asText } from '../wire-fields.ts'
import { deviceName } from './devices-list.ts'

export const devicesRemove = defineCommand({
  name: 'devices remove',
  summary: 'Forget an app or computer; its connections close at once',
  topic: 'people',
  description: 'For a phone that was lost. To let it in again it has to ask again.',
  args: {
    device: { summary: 'The id or its beginning', required: true },
  },
  flags: {},
  json: '{deviceId, removed}',
  async run({ args }, { gateway, report, terminal }) {
    const client = await gateway()
    const device = await findDevice(client, args.device)
    const answer = await client.request('device.pair.remove', { deviceId: asText(device['deviceId']) ?? '' })
    report(answer, () => `${terminal.paint.green('✓')} ${printableLine(deviceName(device))} is forgotten.`)
    return exitCodes.ok
  },
})
