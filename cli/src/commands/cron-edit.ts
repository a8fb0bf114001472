import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import { jobFlags, jobOf, jobWords } from '../job-flags.ts'
import { asFields } from '../wire-fields.ts'

export const cronEdit = defineCommand({
  name: 'cron edit',
  summary: 'Change a job; what you do not name stays',
  topic: 'talk',
  args: { id: { summary: 'The id of the job, as `moltbot cron list` shows it', required: true } },
  flags: jobFlags,
  json: 'the gateway\'s `cron.update`',
  examples: ['cron edit job-0mws… --every 2h', 'cron edit job-0mws… --no-deliver'],
  async run({ args: { id }, flags }, { gateway, report, terminal, clock }) {
    const patch = await jobOf(flags, () => terminal.readInput())
    if (Object.keys(patch).length === 0) throw new Problem('usage', 'What is to be different was not said.', { next: 'See: moltbot cron edit --help' })
    const client = await gateway()
    const made = asFields(await client.request('cron.update', { id, patch }))
    report(made, () => [`${terminal.paint.green('✓')} Changed.`, ...jobWords(made, clock.now())])
    return exitCodes.ok
  },
})
