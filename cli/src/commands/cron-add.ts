import { Problem, defineCommand, exitCodes } from '@moltbot/contract'
import { jobFlags, jobOf, jobWords } from '../job-flags.ts'
import { asFields } from '../wire-fields.ts'

export const cronAdd = defineCommand({
  name: 'cron add',
  summary: 'Have the assistant do something at a time, every so often or by a pattern',
  description: 'At its time the assistant is told your words and does what they ask, with what you may do then. Its answer goes where you were last, or where you say. A job that is due once is removed when it is done.',
  topic: 'talk',
  args: {},
  flags: jobFlags,
  json: 'the gateway\'s `cron.add`',
  examples: ['cron add --at 20m -m "Remind me of the cake."', 'cron add --name Morning --cron "0 8 * * 1-5" --tz Europe/Berlin -m "Weather and my appointments, in five lines."'],
  async run({ flags }, { gateway, report, terminal, clock }) {
    const job = await jobOf(flags, () => terminal.readInput())
    if (job['schedule'] === undefined) throw new Problem('usage', '"moltbot cron add" needs one of --at, --every and --cron.', { next: 'See: moltbot cron add --help' })
    if (asFields(job['payload'])['message'] === undefined) throw new Problem('usage', 'What is to be done was not said.', { next: 'Say it with -m "…".' })
    const client = await gateway()
    const made = asFields(await client.request('cron.add', job))
    report(made, () => [`${terminal.paint.green('✓')} Set up.`, ...jobWords(made, clock.now())])
    return exitCodes.ok
  },
})
