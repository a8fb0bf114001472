import { defineCommand, exitCodes } from '@moltbot/contract'
import { jobWords } from '../job-flags.ts'
import { asFields } from '../wire-fields.ts'

export const cronEnable = defineCommand({
  name: 'cron enable',
  summary: 'Switch a job on again',
  topic: 'talk',
  args: { id: { summary: 'The id of the job, as `moltbot cron list` shows it', required: true } },
  flags: {},
  json: 'the gateway\'s `cron.update`',
  async run({ args: { id } }, { gateway, report, terminal, clock }) {
    const client = await gateway()
    const made = asFields(await client.request('cron.update', { id, patch: { enabled: true } }))
    report(made, () => [`${terminal.paint.green('✓')} It is on.`, ...jobWords(made, clock.now())])
    return exitCodes.ok
  },
})
