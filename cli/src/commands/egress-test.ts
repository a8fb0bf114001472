import { defineCommand, exitCodes } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import { asFields, asList, asNumber, asText } from '../wire-fields.ts'

export const egressTest = defineCommand({
  name: 'egress test',
  summary: 'Whether a tool may reach an address, and why or why not',
  topic: 'look',
  args: { url: { summary: 'The address (https://…)', required: true } },
  flags: {
    use: { kind: 'text', value: 'what', summary: 'For whom: web (default), commands or browser' },
    agent: { kind: 'text', value: 'id', summary: 'For which agent' },
  },
  json: 'the gateway\'s `egress.test`',
  examples: ['egress test https://example.com/', 'egress test https://api.github.com/ --use commands'],
  async run({ args, flags }, { gateway, report, terminal }) {
    const client = await gateway()
    const trial = asFields(await client.request('egress.test', { url: args.url, ...(flags.use === undefined ? {} : { use: flags.use }), ...(flags.agent === undefined ? {} : { agent: flags.agent }) }))
    const allowed = trial['allowed'] === true
    const where = `${printableLine(asText(trial['host']) ?? '')} port ${asNumber(trial['port']) ?? ''}`
    report(trial, () => [
      allowed ? `${terminal.paint.green('✓')} ${where} may be reached, by the rule ${printableLine(asText(trial['rule']) ?? '')}.` : `${terminal.paint.red('✗')} ${where} may not be reached. ${printableLine(asText(trial['reason']) ?? '')}`,
      ...asList(trial['addresses']).map((each) => `  ${printableLine(asText(each['address']) ?? '')}  ${printableLine(asText(each['kind']) ?? '')}`),
    ])
    return allowed ? exitCodes.ok : exitCodes.failed
  },
})
