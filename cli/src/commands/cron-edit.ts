import { Problem, defineCommand } from '@moltbot/contract'
import { changeJob, jobArgs, jobFlags, jobOf } from '../job-flags.ts'

export const cronEdit = defineCommand({
  name: 'cron edit',
  summary: 'Change a job; what you do not name stays',
  topic: 'talk',
  args: jobArgs,
  flags: jobFlags,
  json: 'the gateway\'s `cron.update`',
  examples: ['cron edit job-0mws… --every 2h', 'cron edit job-0mws… --no-deliver'],
  async run({ args: { id }, flags }, context) {
    const patch = await jobOf(flags, () => context.terminal.readInput())
    if (Object.keys(patch).length === 0) throw new Problem('usage', 'What is to be different was not said.', { next: 'See: moltbot cron edit --help' })
    return changeJob(context, id, patch, 'Changed.')
  },
})
