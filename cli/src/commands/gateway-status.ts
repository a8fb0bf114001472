import { defineCommand, exitCodes } from '@moltbot/contract'
import { asFields, asNumber } from '../wire-fields.ts'
import { durationWords } from '../time-words.ts'

export const gatewayStatus = defineCommand({
  name: 'gateway status',
  summary: 'Whether the gateway runs, where, and since when',
  topic: 'look',
  args: {},
  flags: {},
  json: '{running, url, version, cliVersion, protocol, uptimeMs, elapsedMs}',
  async run(_, { gateway, report, machine, clock, terminal }) {
    const startedAt = clock.now()
    const client = await gateway()
    await client.request('health')
    const elapsedMs = clock.now() - startedAt
    const uptimeMs = asNumber(asFields(client.hello['snapshot'])['uptimeMs']) ?? null
    report({ running: true, url: client.url, version: client.serverVersion, cliVersion: machine.version, protocol: client.protocol, uptimeMs, elapsedMs }, () => [
      `${terminal.paint.green('●')} The gateway is running at ${client.url}${uptimeMs === null ? '' : `, for ${durationWords(uptimeMs)}`}.`,
      `  Version ${client.serverVersion}, protocol ${client.protocol}; it answered in ${durationWords(elapsedMs)}.`,
      ...(client.serverVersion === machine.version ? [] : [terminal.paint.yellow(`  This command line is version ${machine.version}. Restart the gateway after an update: moltbot gateway restart`)]),
    ])
    return exitCodes.ok
  },
})
