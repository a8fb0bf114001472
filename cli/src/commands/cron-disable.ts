import { defineCommand } from '@moltbot/contract'
import { changeJob, jobArgs } from '../job-flags.ts'

export const cronDisable = defineCommand({
  name: 'cron disable',
  summary: 'Switch a job off without removing it',
  topic: 'talk',
  args: jobArgs,
  flags: {},
  json: 'the gateway\'s `cron.update`',
  run: ({ args: { id } }, context) => changeJob(context, id, { enabled: false }, 'It is off.'),
})
