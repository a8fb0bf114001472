import { defineCommand, exitCodes } from '@moltbot/contract'
import { openConfig } from '../config-access.ts'
import { printableLine } from '../printable.ts'

export const policyTest = defineCommand({
  name: 'policy test',
  summary: 'Whether everything you expect of the judge holds',
  topic: 'look',
  description: 'The rows stand in policy-expectations.json5 beside the configuration, and under policy.expectations in it. Exits 1 when one does not hold. Works also while the gateway is not running.',
  args: {},
  flags: {},
  json: '{file, fault, results: [{where, words, ok, said, because, why}]}',
  examples: ['policy test'],
  async run(_, context) {
    const answer = await (await openConfig(context)).testPolicy()
    const failed = answer.results.filter(({ ok }) => !ok).length
    const { green, red } = context.terminal.paint
    context.report(answer, () => [
      ...(answer.fault === null ? [] : [`${red('✗')} ${answer.file}: ${printableLine(answer.fault)}`]),
      ...answer.results.map(({ ok, where, words, said, because }) => `${ok ? green('✓') : red('✗')} ${printableLine(where)}  ${printableLine(words)}${ok ? '' : `; it is: ${said === null ? '' : `${said}, `}${printableLine(because)}`}`),
      ...(answer.results.length === 0 && answer.fault === null ? [`Nothing is expected yet. Write rows into ${answer.file}; docs/guide/expectations.md has examples.`] : []),
      ...(answer.results.length === 0 ? [] : [failed === 0 ? `${answer.results.length === 1 ? 'It holds' : `All ${answer.results.length} hold`}.` : `${failed} of ${answer.results.length} ${failed === 1 ? 'does' : 'do'} not hold.`]),
    ])
    return failed === 0 && answer.fault === null ? exitCodes.ok : exitCodes.failed
  },
})
