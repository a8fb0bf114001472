import { defineCommand, exitCodes, Problem } from '@moltbot/contract'
import { asFields, asNumber, asText } from '../wire-fields.ts'

export const gatewayToken = defineCommand({
  name: 'gateway token',
  summary: 'Make a new gateway token',
  topic: 'start',
  description: 'The old one ends in the same moment, or after --overlap for programs. Browsers sign in again at once. Every 90 days is a good habit.',
  args: {
    action: { summary: 'rotate', required: true },
  },
  flags: {
    overlap: { kind: 'number', value: 'hours', summary: 'How long programs may still use the old one (default 0)', min: 0, max: 168 },
  },
  json: '{ok, token, overlapUntilMs}',
  examples: ['gateway token rotate', 'gateway token rotate --overlap 24'],
  async run({ args, flags }, { gateway, report, terminal }) {
    if (args.action !== 'rotate') throw new Problem('usage', `"${args.action}" is not what can be done with the token.`, { next: 'Make a new one: moltbot gateway token rotate' })
    const answer = asFields(await (await gateway()).request('auth.token.rotate', flags.overlap === undefined ? {} : { overlapHours: flags.overlap }))
    const until = asNumber(answer['overlapUntilMs'])
    report(answer, () => [
      `${terminal.paint.green('✓')} The gateway has a new token, shown once:`, '', `  ${asText(answer['token']) ?? ''}`, '',
      until === undefined ? 'The old one opens nothing any more.' : `Programs may use the old one until ${new Date(until).toISOString().slice(0, 16).replace('T', ' ')} UTC.`,
      'This command line finds the new one in the configuration.',
    ])
    return exitCodes.ok
  },
})
