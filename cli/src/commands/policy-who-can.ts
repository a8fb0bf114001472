import { defineCommand, exitCodes } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import { table } from '../table.ts'
import { asFields, asList, asText } from '../wire-fields.ts'

const effects = ['reads-private', 'reads-untrusted', 'writes-workspace', 'writes-outside', 'runs-code', 'reaches-host', 'sends', 'spends', 'changes-gateway', 'uses-device'] as const

export const policyWhoCan = defineCommand({
  name: 'policy who-can',
  summary: 'Who may have such an effect',
  topic: 'look',
  args: { effect: { summary: effects.join(', '), required: true, choices: effects } },
  flags: {},
  json: '{people: [{id, name, role, own: {verdict, reason}, tainted: {verdict, reason}}]}',
  examples: ['policy who-can runs-code'],
  async run({ args }, { gateway, report, terminal }) {
    const answer = asFields(await (await gateway()).request('policy.whoCan', { effect: args.effect }))
    const words = (said: unknown): string => [asText(asFields(said)['verdict']), asText(asFields(said)['reason'])].filter((word) => word !== undefined && word !== 'the rule').join(': ')
    report(answer, () => table(['Who', 'Role', 'On their own word', 'After strangers\' words'], asList(answer['people']).map((person) => [
      printableLine(asText(person['name']) ?? asText(person['id']) ?? ''), asText(person['role']) ?? '', words(person['own']), words(person['tainted']),
    ]), terminal.columns(), terminal.paint.dim))
    return exitCodes.ok
  },
})
