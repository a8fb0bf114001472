import { defineCommand, exitCodes } from '@moltbot/contract'
import { table } from '../table.ts'
import { agoWords, durationWords } from '../time-words.ts'
import { asFields, asList, asNumber, asText } from '../wire-fields.ts'

export const cronList = defineCommand({
  name: 'cron list',
  summary: 'Your jobs and what the gateway does by itself: when, when last and with what result, when next',
  description: 'The gateway itself makes backups, the daily review and checkpoints of the record, and forgets what is too old. Owners see everybody’s jobs.',
  topic: 'talk',
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
      if (jobs.length === 0) return 'Nothing is done at set times. Make a job: moltbot cron add --help'
      return table(['Id', 'What', 'When', 'Last', 'Result', 'Next'], jobs.map((job) => {
        const [state, house, own] = [asFields(job['state']), asFields(job['house']), asFields(job['own'])]
        const next = asNumber(state['nextRunAtMs'])
        const last = asNumber(state['lastRunAtMs'])
        return [
          asText(job['id']) ?? '', asText(job['name']) ?? '', asText(own['when']) ?? `every ${durationWords(asNumber(asFields(job['schedule'])['everyMs']) ?? 0)}`, agoWords(last, clock.now()),
          last === undefined ? '' : `${state['lastStatus'] === 'error' ? 'failed: ' : state['lastStatus'] === 'skipped' ? 'left out: ' : ''}${asText(house['lastWords']) ?? asText(own['lastWords']) ?? ''}`,
          job['enabled'] === false ? `off${asText(house['setting']) === undefined ? (asText(own['stoppedWhy']) === undefined ? '' : `: ${asText(own['stoppedWhy']) ?? ''}`) : ` (${asText(house['setting']) ?? ''})`}` : next === undefined ? '' : next <= clock.now() ? 'now' : `in ${durationWords(next - clock.now())}`,
        ]
      }), terminal.columns(), terminal.paint.dim)
    })
    return exitCodes.ok
  },
})
