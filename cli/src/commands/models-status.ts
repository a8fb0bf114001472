import { defineCommand, exitCodes } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import { asFields, asText, asTexts } from '../wire-fields.ts'

export const modelsStatus = defineCommand({
  name: 'models status',
  summary: 'Which model answers, and why that one',
  topic: 'settings',
  groupDefault: true,
  args: {},
  flags: {},
  json: '{primary, fallbacks, why}',
  async run(_, { gateway, report, terminal }) {
    const client = await gateway()
    const status = asFields(await client.request('models.status'))
    const primary = asText(status['primary']) ?? 'unknown'
    report(status, () => [
      `${terminal.paint.bold(printableLine(primary))} answers.`,
      ...(asText(status['why']) === undefined ? [] : [`  ${printableLine(asText(status['why']) ?? '')}`]),
      ...(asTexts(status['fallbacks']).length === 0 ? [] : [`  If it fails: ${asTexts(status['fallbacks']).map(printableLine).join(', then ')}.`]),
      ...(primary.startsWith('builtin/') ? ['', 'This is the built-in assistant, not a language model. Add a real one with: moltbot onboard'] : []),
    ])
    return exitCodes.ok
  },
})
