import { defineCommand, exitCodes } from '@moltbot/contract'
import { table } from '../table.ts'
import { asFields, asList, asNumber, asText, type Fields } from '../wire-fields.ts'

export const egressToday = defineCommand({
  name: 'egress today',
  summary: 'What left this machine through tools, by host, agent and person',
  topic: 'look',
  groupDefault: true,
  args: {},
  flags: { days: { kind: 'number', value: 'days', summary: 'Not today but so many days ago', min: 0, max: 399 } },
  json: 'the gateway\'s `egress.today`',
  examples: ['egress today', 'egress today --days 1'],
  async run({ flags }, { gateway, report, terminal }) {
    const client = await gateway()
    const day = asFields(await client.request('egress.today', flags.days === undefined ? {} : { daysAgo: flags.days }))
    report(day, () => {
      const rows = asList(day['rows'])
      const date = asText(day['date']) ?? 'That day'
      if (rows.length === 0) return `${date}: nothing left this machine through tools.`
      return [
        `${date}: ${amount(day, 'bytesOut')} out, ${amount(day, 'bytesIn')} in, ${count(day, 'connections')} connections, ${count(day, 'refused')} refused.`,
        '',
        ...table(['Host', 'Out', 'In', 'Connections', 'Refused', 'Used by', 'Agent', 'Person'], rows.map((row) => [
          asText(row['host']) ?? '', amount(row, 'bytesOut'), amount(row, 'bytesIn'), count(row, 'connections'), count(row, 'refused'), asText(row['use']) ?? '', asText(row['agent']) ?? '', asText(row['principal']) ?? '',
        ]), terminal.columns(), terminal.paint.dim),
      ]
    })
    return exitCodes.ok
  },
})

function count(row: Fields, name: string): string {
  return String(asNumber(row[name]) ?? 0)
}

/** Bytes as a person reads them. */
function amount(row: Fields, name: string): string {
  const bytes = asNumber(row[name]) ?? 0
  if (bytes < 1_024) return `${bytes} B`
  return bytes < 1_048_576 ? `${(bytes / 1_024).toFixed(1)} KiB` : `${(bytes / 1_048_576).toFixed(1)} MiB`
}
