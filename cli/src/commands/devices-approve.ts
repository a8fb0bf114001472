import { defineCommand, exitCodes } from '@moltbot/contract'
import { findDeviceRequest } from '../device-request.ts'
import { printableLine } from '../printable.ts'
import { deviceName } from './devices-list.ts'

export const devicesApprove = defineCommand({
  name: 'devices approve',
  summary: 'Let an app or computer connect',
  topic: 'people',
  args: {
    request: { summary: 'The request, or its beginning; may be left out when only one device asks' },
  },
  flags: {},
  json: '{requestId, device}',
  async run({ args }, { gateway, report, terminal }) {
    const client = await gateway()
    const request = await findDeviceRequest(client, args.request)
    const answer = await client.request('device.pair.approve', { requestId: request.requestId })
    report(answer, () => `${terminal.paint.green('✓')} ${printableLine(deviceName(request))} may now connect.`)
    return exitCodes.ok
  },
})
