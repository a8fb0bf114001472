import { defineCommand, exitCodes } from '@moltbot/contract'
import { jobWords } from '../job-flags.ts'
import { asFields } from '../wire-fields.ts'

export const cronDisable = defineCommand({
  name: 'cron disable',
  summary: 'Switch a job off without removing it',
  topic: 'talk',
  args: { id: { summary: 'The id of the job, as `moltbot cron list` shows it', required: true } },
  flags: {},
  json: 'the gateway\'s `cron.update`',
  async run({ args: { id } }, { gateway, report, terminal, clock }) {
    const client = await gateway()
    const made = asFields(await client.request('cron.update', { id, patch: { enabled: false } }))
    report(made, () => [`${terminal.paint.green('✓')} It is off.`, ...jobWords(made, clock.now())])
    return exitCodes.ok
  },
})
