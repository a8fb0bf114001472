import { defineCommand, exitCodes } from '@moltbot/contract'
import { findDeviceRequest } from '../device-request.ts'
import { printableLine } from '../printable.ts'
import { deviceName } from './devices-list.ts'

export const devicesReject = defineCommand({
  name: 'devices reject',
  summary: 'Turn the request of an app or computer down',
  topic: 'people',
  args: {
    request: { summary: 'The request, or its beginning; may be left out when only one device asks' },
  },
  flags: {},
  json: '{requestId, deviceId}',
  async run({ args }, { gateway, report }) {
    const client = await gateway()
    const request = await findDeviceRequest(client, args.request)
    const answer = await client.request('device.pair.reject', { requestId: request.requestId })
    report(answer, () => `${printableLine(deviceName(request))} may not connect.`)
    return exitCodes.ok
  },
})
