import { defineCommand, exitCodes } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import { asFields, asList, asNumber, asText } from '../wire-fields.ts'

export const memorySearch = defineCommand({
  name: 'memory search',
  summary: 'Find what the assistant noted about you',
  topic: 'look',
  args: { query: { summary: 'What to look for', required: true } },
  flags: { agent: { kind: 'text', value: 'id', summary: 'Which agent; absent: the default one' }, max: { kind: 'number', value: 'count', summary: 'How many lines', min: 1, max: 50 } },
  json: 'the gateway\'s `memory.search`',
  examples: ['memory search walnuts'],
  async run({ args, flags }, { gateway, report, terminal }) {
    const client = await gateway()
    const found = asFields(await client.request('memory.search', { query: args.query, ...(flags.agent === undefined ? {} : { agentId: flags.agent }), ...(flags.max === undefined ? {} : { maxResults: flags.max }) }))
    report(found, () => {
      const hits = asList(found['hits'])
      if (hits.length === 0) return 'Nothing is noted about that.'
      return hits.map((hit) => {
        const from = [asText(hit['day']), asText(hit['origin'])].filter((each) => each !== undefined).join(', ')
        return `${terminal.paint.dim(`${printableLine(asText(hit['path']) ?? '')}:${asNumber(hit['line']) ?? 0}${from === '' ? '' : ` (${from})`}`)} ${printableLine(asText(hit['text']) ?? '')}`
      })
    })
    return exitCodes.ok
  },
})
