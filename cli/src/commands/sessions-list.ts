import { defineCommand, exitCodes } from '@moltbot/contract'
import { table } from '../table.ts'
import { asFields, asList, asNumber, asText } from '../wire-fields.ts'
import { sessionCells } from './status.ts'

export const sessionsList = defineCommand({
  name: 'sessions list',
  summary: 'List conversations, newest first',
  topic: 'look',
  groupDefault: true,
  args: {},
  flags: {
    limit: { kind: 'number', value: 'count', summary: 'At most so many (default 30)', min: 1, max: 1_000 },
    active: { kind: 'number', value: 'minutes', summary: 'Only those used within the last minutes', min: 1 },
    agent: { kind: 'text', value: 'id', summary: 'Only those of one agent' },
    search: { kind: 'text', value: 'words', summary: 'Only those whose key or title contains the words' },
  },
  json: 'the gateway\'s `sessions.list`',
  async run({ flags }, { gateway, report, clock, terminal }) {
    const client = await gateway()
    const answer = asFields(await client.request('sessions.list', {
      limit: flags.limit ?? 30,
      includeDerivedTitles: true,
      ...(flags.active === undefined ? {} : { activeMinutes: flags.active }),
      ...(flags.agent === undefined ? {} : { agentId: flags.agent }),
      ...(flags.search === undefined ? {} : { search: flags.search }),
    }))
    report(answer, () => {
      const rows = asList(answer['sessions'])
      if (rows.length === 0) return 'No conversations yet. Start one with: moltbot chat'
      const now = clock.now()
      return table(['Session', 'About', 'Last words', 'Model', 'Tokens'], rows.map((row) => [...sessionCells(row, now), modelOf(row), String(asNumber(row['totalTokens']) ?? '')]), terminal.columns(), terminal.paint.dim)
    })
    return exitCodes.ok
  },
})

function modelOf(row: Record<string, unknown>): string {
  return [asText(row['modelProvider']), asText(row['model'])].filter((part) => part !== undefined).join('/')
}
