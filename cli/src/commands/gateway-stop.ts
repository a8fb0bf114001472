import { defineCommand, exitCodes } from '@moltbot/contract'
import { waitForEnd } from '../gateway-waits.ts'

export const gatewayStop = defineCommand({
  name: 'gateway stop',
  summary: 'Stop the running gateway',
  topic: 'start',
  description: 'Running work is stopped and continues at the next start; nothing that was accepted is lost.',
  args: {},
  flags: {
    timeout: { kind: 'number', value: 'seconds', summary: 'How long to wait for it to end (default 15)', min: 1, max: 600 },
  },
  json: '{stopped: true, url}',
  async run({ flags }, { gateway, report, clock }) {
    const client = await gateway()
    const end = waitForEnd(client, clock, (flags.timeout ?? 15) * 1_000)
    // Also the answer may be overtaken by the end: then the wait decides.
    await Promise.race([end, client.request('gateway.stop', { reason: 'asked by the command line' })])
    await end
    report({ stopped: true, url: client.url }, () => 'The gateway has stopped.')
    return exitCodes.ok
  },
})
