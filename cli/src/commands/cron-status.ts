import { defineCommand, exitCodes } from '@moltbot/contract'
import { durationWords } from '../time-words.ts'
import { asFields, asNumber } from '../wire-fields.ts'

export const cronStatus = defineCommand({
  name: 'cron status',
  summary: 'Whether things are done at set times, and when the next is due',
  topic: 'talk',
  args: {},
  flags: {},
  json: 'the gateway\'s `cron.status`',
  async run(_input, { gateway, report, clock }) {
    const client = await gateway()
    const found = asFields(await client.request('cron.status', {}))
    report(found, () => {
      if (found['enabled'] !== true) return 'Nothing is done at set times.'
      const next = asNumber(found['nextWakeAtMs'])
      return `${asNumber(found['jobs']) ?? 0} jobs.${found['ownEnabled'] === false ? ' Those of people are held (paused, or cron.enabled is off).' : ''} ${next === undefined ? 'None is due.' : `The next is due ${next <= clock.now() ? 'now' : `in ${durationWords(next - clock.now())}`}.`}`
    })
    return exitCodes.ok
  },
})
