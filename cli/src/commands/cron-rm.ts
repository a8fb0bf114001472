import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import { asFields } from '../wire-fields.ts'

export const cronRm = defineCommand({
  name: 'cron rm',
  summary: 'Remove a job for good',
  description: 'What came of its runs stays to be read: moltbot cron runs.',
  topic: 'talk',
  args: { id: { summary: 'The id of the job, as `moltbot cron list` shows it', required: true } },
  flags: {},
  json: 'the gateway\'s `cron.remove`',
  async run({ args: { id } }, { gateway, report, terminal }) {
    const client = await gateway()
    const answer = asFields(await client.request('cron.remove', { id }))
    if (answer['removed'] !== true) throw new Problem('job-unknown', `There is no job "${printableLine(id)}".`, { next: 'See them: moltbot cron list --all' })
    report(answer, () => `${terminal.paint.green('✓')} ${printableLine(id)} is removed.`)
    return exitCodes.ok
  },
})
