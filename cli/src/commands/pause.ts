import { defineCommand, exitCodes } from '@moltbot/contract'
import { asFields } from '../wire-fields.ts'

export const pause = defineCommand({
  name: 'pause',
  summary: 'Hold everything until it is resumed; messages are kept',
  topic: 'start',
  description: 'What is being done finishes its step and waits. What comes in is written down and answered after `moltbot resume`. Lasts over a restart; channels stay connected.',
  args: {},
  flags: {},
  json: '{kind, since, by, via}',
  async run(_, { gateway, report, terminal }) {
    const answer = asFields(await (await gateway()).request('pause'))
    report(answer, () => [`${terminal.paint.yellow('⏸')} Paused, also over a restart. To go on: moltbot resume`])
    return exitCodes.ok
  },
})
