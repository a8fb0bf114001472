import { defineCommand, exitCodes } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import { asFields, asText } from '../wire-fields.ts'

export const modelsSet = defineCommand({
  name: 'models set',
  summary: 'Choose the model that answers from now on',
  topic: 'settings',
  description: 'Conversations for which a model was chosen with /model keep theirs.',
  args: {
    model: { summary: 'provider/model, a model\'s id or an alias; see "moltbot models list"', required: true },
  },
  flags: {},
  json: '{ok, primary, path}',
  examples: ['models set anthropic/claude-sonnet-4-5', 'models set ollama/llama3.2'],
  async run({ args }, { gateway, report, terminal }) {
    const client = await gateway()
    const answer = asFields(await client.request('models.set', { primary: args.model }))
    report(answer, () => `${terminal.paint.green('✓')} ${printableLine(asText(answer['primary']) ?? args.model)} answers from now on.`)
    return exitCodes.ok
  },
})
