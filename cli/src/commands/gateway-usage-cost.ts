import { defineCommand, exitCodes } from '@moltbot/contract'
import { table } from '../table.ts'
import { asFields, asList, asNumber, asText, type Fields } from '../wire-fields.ts'

export const gatewayUsageCost = defineCommand({
  name: 'gateway usage-cost',
  summary: 'Tokens and money of each of the last days',
  topic: 'start',
  args: {},
  flags: { days: { kind: 'number', value: 'days', summary: 'How many days; 30 when left out', min: 1, max: 400 } },
  json: 'the gateway\'s `usage.cost`',
  examples: ['gateway usage-cost --days 7'],
  async run({ flags }, { gateway, report, terminal }) {
    const answer = asFields(await (await gateway()).request('usage.cost', flags.days === undefined ? {} : { days: flags.days }))
    const used = asList(answer['daily']).filter((day) => number(day, 'totalTokens') > 0)
    report(answer, () => (used.length === 0 ? 'Nothing was used in these days.' : table(['Day', 'Cost', 'In', 'From cache', 'Out'], [...used, { ...asFields(answer['totals']), date: 'All' }].map((day: Fields) => [
      asText(day['date']) ?? '', `$${number(day, 'totalCost').toFixed(4)}${number(day, 'missingCostEntries') > 0 ? ' at most' : ''}`,
      ...[number(day, 'input') + number(day, 'cacheWrite'), number(day, 'cacheRead'), number(day, 'output')].map((count) => count.toLocaleString('en-US')),
    ]), terminal.columns(), terminal.paint.dim)))
    return exitCodes.ok
  },
})

function number(row: Fields, name: string): number {
  return asNumber(row[name]) ?? 0
}
