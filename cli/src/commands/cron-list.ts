import { defineCommand, exitCodes } from '@moltbot/contract'
import { table } from '../table.ts'
import { agoWords, durationWords } from '../time-words.ts'
import { asFields, asList, asNumber, asText } from '../wire-fields.ts'

export const cronList = defineCommand({
  name: 'cron list',
  summary: 'What the gateway does by itself: how often, when last and with what result, when next',
  description: 'Backups, the daily review, checkpoints of the record and forgetting what is too old. Jobs of your own are not there yet.',
  topic: 'look',
  groupDefault: true,
  args: {},
  flags: { all: { kind: 'boolean', summary: 'Also what is switched off' } },
  json: 'the gateway\'s `cron.list`',
  examples: ['cron list', 'cron list --all'],
  async run({ flags }, { gateway, report, terminal, clock }) {
    const client = await gateway()
    const found = asFields(await client.request('cron.list', { includeDisabled: flags.all }))
    report(found, () => {
      const jobs = asList(found['jobs'])
      if (jobs.length === 0) return 'Nothing is done by itself.'
      return table(['Id', 'What', 'Every', 'Last', 'Result', 'Next'], jobs.map((job) => {
        const [state, house] = [asFields(job['state']), asFields(job['house'])]
        const next = asNumber(state['nextRunAtMs'])
        const last = asNumber(state['lastRunAtMs'])
        return [
          asText(job['id']) ?? '', asText(job['name']) ?? '', durationWords(asNumber(asFields(job['schedule'])['everyMs']) ?? 0), agoWords(last, clock.now()),
          last === undefined ? '' : `${state['lastStatus'] === 'error' ? 'failed: ' : ''}${asText(house['lastWords']) ?? ''}`,
          job['enabled'] === false ? `off${asText(house['setting']) === undefined ? '' : ` (${asText(house['setting']) ?? ''})`}` : next === undefined ? '' : next <= clock.now() ? 'now' : `in ${durationWords(next - clock.now())}`,
        ]
      }), terminal.columns(), terminal.paint.dim)
    })
    return exitCodes.ok
  },
})
