import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import { asFields, asText } from '../wire-fields.ts'

/** A backup of a large state takes its time. */
const patienceMs = 15 * 60_000

export const cronRun = defineCommand({
  name: 'cron run',
  summary: 'Do a job at once, or what the gateway does by itself',
  description: 'It is done now, whenever it is due; with --due only if it is due. The time of the next stays. What one of your jobs answers goes where it always goes.',
  topic: 'talk',
  args: { id: { summary: 'The id of the job, as `moltbot cron list` shows it', required: true } },
  flags: { due: { kind: 'boolean', summary: 'Only if it is due' }, force: { kind: 'boolean', summary: 'Whenever it is due, which is how it is without --due' } },
  json: 'the gateway\'s `cron.run`',
  examples: ['cron run house:review', 'cron run house:backup'],
  async run({ args: { id }, flags }, { gateway, report }) {
    const client = await gateway()
    const answer = asFields(await client.request('cron.run', { id, mode: flags.due ? 'due' : 'force' }, { timeoutMs: patienceMs }))
    const run = asFields(answer['run'])
    if (run['status'] === 'error') throw new Problem('job-failed', asText(run['error']) ?? 'It failed.', { next: `See earlier runs: moltbot cron runs --id ${printableLine(id)}` })
    report(answer, () => (answer['ran'] === true ? (answer['run'] === undefined ? `It is being done now. What comes of it: moltbot cron runs --id ${printableLine(id)}` : `Done: ${printableLine(asText(run['summary']) ?? '')}`) : ({ 'not-due': 'It is not due.', disabled: 'It is switched off.' } as Record<string, string>)[asText(answer['reason']) ?? ''] ?? 'It is being done already.'))
    return exitCodes.ok
  },
})
