import { defineCommand, exitCodes } from '@moltbot/contract'
import { channelLines } from '../channel-lines.ts'
import { asFields } from '../wire-fields.ts'

export const channelsStatus = defineCommand({
  name: 'channels status',
  summary: 'How each messaging network is connected',
  topic: 'look',
  groupDefault: true,
  args: {},
  flags: {
    probe: { kind: 'boolean', summary: 'Make a round trip with every connected network' },
    why: { kind: 'boolean', summary: 'What the state is known from: last connected, last sent, attempts, the last error' },
  },
  json: 'the gateway\'s `channels.status`',
  async run({ flags }, { gateway, report, clock, terminal }) {
    const client = await gateway()
    const status = asFields(await client.request('channels.status', flags.probe ? { probe: true } : {}, { timeoutMs: 20_000 }))
    report(status, () => channelLines(status, clock.now(), terminal.paint, flags.why === true))
    return exitCodes.ok
  },
})
