import { defineCommand, exitCodes } from '@moltbot/contract'
import { table } from '../table.ts'
import { agoWords, durationWords } from '../time-words.ts'
import { asFields, asList, asNumber, asText } from '../wire-fields.ts'

export const cronRuns = defineCommand({
  name: 'cron runs',
  summary: 'What came of jobs and of what the gateway did by itself, newest last',
  topic: 'talk',
  args: {},
  flags: {
    id: { kind: 'text', value: 'id', summary: 'Of this job only' },
    limit: { kind: 'number', value: 'runs', summary: 'How many at most', min: 1, max: 5_000 },
  },
  json: 'the gateway\'s `cron.runs`',
  examples: ['cron runs', 'cron runs --id house:backup --limit 5'],
  async run({ flags: { id, limit = 20 } }, { gateway, report, terminal, clock }) {
    const client = await gateway()
    const found = asFields(await client.request('cron.runs', { limit, ...(id === undefined ? { scope: 'all' } : { id }) }))
    report(found, () => {
      const entries = asList(found['entries'])
      if (entries.length === 0) return 'Nothing was done yet.'
      return table(['When', 'What', 'Took', 'Asked by', 'Result'], entries.map((entry) => [
        agoWords(asNumber(entry['runAtMs']), clock.now()), asText(entry['jobName']) ?? asText(entry['jobId']) ?? '', durationWords(asNumber(entry['durationMs']) ?? 0), asText(entry['askedBy']) ?? 'itself',
        `${entry['status'] === 'error' ? 'failed: ' : entry['status'] === 'skipped' ? 'not done: ' : ''}${entry['late'] === true ? '(late) ' : ''}${asText(entry['summary']) ?? asText(entry['error']) ?? ''}`,
      ]), terminal.columns(), terminal.paint.dim)
    })
    return exitCodes.ok
  },
})
