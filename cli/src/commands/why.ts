import { defineCommand, exitCodes } from '@moltbot/contract'
import { printable } from '../printable.ts'
import { asFields, asTexts } from '../wire-fields.ts'

export const why = defineCommand({
  name: 'why',
  summary: 'The whole path of one message: what came in, what was decided, what went out',
  topic: 'look',
  args: {
    id: { summary: 'A message, turn or delivery; "moltbot sessions show" prints ids of messages', required: true },
  },
  flags: {},
  json: 'the facts behind the lines',
  examples: ['why in-01hzy…'],
  async run({ args }, { gateway, report }) {
    const client = await gateway()
    const answer = asFields(await client.request('why', { id: args.id }))
    report(answer['data'] ?? answer, () => asTexts(answer['lines']).map(printable))
    return exitCodes.ok
  },
})
