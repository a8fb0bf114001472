import { defineCommand } from '@moltbot/contract'
import { changeJob, jobArgs } from '../job-flags.ts'

export const cronEnable = defineCommand({
  name: 'cron enable',
  summary: 'Switch a job on again',
  topic: 'talk',
  args: jobArgs,
  flags: {},
  json: 'the gateway\'s `cron.update`',
  run: ({ args: { id } }, context) => changeJob(context, id, { enabled: true }, 'It is on.'),
})
