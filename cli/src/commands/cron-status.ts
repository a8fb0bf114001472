import { defineCommand, exitCodes } from '@moltbot/contract'
import { durationWords } from '../time-words.ts'
import { asFields, asNumber } from '../wire-fields.ts'

export const cronStatus = defineCommand({
  name: 'cron status',
  summary: 'Whether the gateway does things by itself, and when the next is due',
  topic: 'look',
  args: {},
  flags: {},
  json: 'the gateway\'s `cron.status`',
  async run(_input, { gateway, report, clock }) {
    const client = await gateway()
    const found = asFields(await client.request('cron.status', {}))
    report(found, () => {
      if (found['enabled'] !== true) return 'Nothing is done by itself.'
      const next = asNumber(found['nextWakeAtMs'])
      return `${asNumber(found['jobs']) ?? 0} jobs. ${next === undefined ? 'None is due.' : `The next is due ${next <= clock.now() ? 'now' : `in ${durationWords(next - clock.now())}`}.`}`
    })
    return exitCodes.ok
  },
})
