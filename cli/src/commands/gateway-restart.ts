import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import { waitForEnd, waitForGateway } from '../gateway-waits.ts'
import { durationWords } from '../time-words.ts'

export const gatewayRestart = defineCommand({
  name: 'gateway restart',
  summary: 'Stop the gateway and start it again',
  topic: 'start',
  args: {},
  flags: {
    timeout: { kind: 'number', value: 'seconds', summary: 'How long to wait until it answers again (default 30)', min: 1, max: 600 },
  },
  json: '{restarted: true, url, version, elapsedMs}',
  async run({ flags }, { gateway, connect, report, clock, machine }) {
    const timeoutMs = (flags.timeout ?? 30) * 1_000
    const startedAt = clock.now()
    const client = await gateway()
    const end = waitForEnd(client, clock, timeoutMs)
    await Promise.race([end, client.request('gateway.restart', { reason: 'asked by the command line' })])
    await end
    const again = await waitForGateway({ connect, clock }, timeoutMs).catch((error: unknown) => {
      if (!(error instanceof Problem) || error.code !== 'gateway-unreachable') throw error
      throw new Problem('gateway-not-back', 'The gateway stopped but did not come back.', { next: `Start it with: ${machine.startCommand}`, cause: error })
    })
    const elapsedMs = clock.now() - startedAt
    report({ restarted: true, url: again.url, version: again.serverVersion, elapsedMs }, () => `The gateway is back after ${durationWords(elapsedMs)} (version ${again.serverVersion}).`)
    again.close()
    return exitCodes.ok
  },
})
