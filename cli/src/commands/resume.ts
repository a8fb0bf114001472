import { defineCommand, exitCodes } from '@moltbot/contract'
import { proveOnMachine } from '../second-factor.ts'
import { asFields, asNumber } from '../wire-fields.ts'

export const resume = defineCommand({
  name: 'resume',
  summary: 'Go on after a pause or a panic',
  topic: 'start',
  description: 'After a panic it asks for a second factor: the code of your authenticator, or, where none is enrolled, the one in a private file of the gateway\'s machine.',
  args: {},
  flags: {
    code: { kind: 'text', value: 'code', summary: 'The second factor' },
    forget: { kind: 'boolean', summary: 'Let go of the messages that wait instead of answering them' },
  },
  json: '{was, forgotten}',
  examples: ['resume', 'resume --code 123456', 'resume --forget'],
  async run({ flags }, context) {
    const client = await context.gateway()
    const { kind } = asFields(asFields(await client.request('status'))['halt'])
    const code = kind === 'panic' ? await proveOnMachine(context, flags.code) : undefined
    const answer = asFields(await client.request('resume', { ...(code === undefined ? {} : { code }), ...(flags.forget ? { forget: true } : {}) }, { timeoutMs: 60_000 }))
    const forgotten = asNumber(answer['forgotten']) ?? 0
    context.report(answer, () => answer['was'] === 'running' ? 'Nothing was paused.' : [
      `${context.terminal.paint.green('▶')} It goes on.${flags.forget ? ` ${forgotten} waiting messages were let go.` : ''}`,
      ...(answer['was'] === 'panic' ? ['Browsers and devices sign in anew: moltbot login link'] : []),
    ])
    return exitCodes.ok
  },
})
