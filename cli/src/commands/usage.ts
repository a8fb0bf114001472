import { defineCommand, exitCodes } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import { table } from '../table.ts'
import { asFields, asList, asNumber, asText, type Fields } from '../wire-fields.ts'

const kinds = ['model', 'agent', 'person', 'channel', 'session'] as const

export const usage = defineCommand({
  name: 'usage',
  summary: 'What was spent on models, and what is left of the caps',
  topic: 'look',
  description: 'A cap is changed with `moltbot config set budgets.daily 10`, and taken away with `off` in place of the amount.',
  args: {},
  flags: {
    days: { kind: 'number', value: 'days', summary: 'The last so many days; today alone when left out', min: 1, max: 400 },
    by: { kind: 'text', value: 'kind', summary: 'Split by model, agent, person, channel or session', choices: kinds },
  },
  json: 'the gateway\'s `usage.spend`',
  examples: ['usage', 'usage --days 30 --by person'],
  async run({ flags }, { gateway, report, terminal }) {
    const by = flags.by ?? 'model'
    const days = flags.days ?? 1
    const answer = asFields(await (await gateway()).request('usage.spend', { days, by }))
    const rows = asList(answer['rows'])
    const caps = asList(answer['caps'])
    const total = rows.reduce((sum, row) => sum + amount(row, 'costUsd'), 0)
    const calls = rows.reduce((sum, row) => sum + amount(row, 'calls'), 0)
    report(answer, () => [
      `${days === 1 ? `Today (${printableLine(asText(answer['today']) ?? '')})` : `The last ${days} days`}: ${usd(total)}, ${count(calls)} model ${calls === 1 ? 'call' : 'calls'}.`,
      ...(rows.length === 0 ? [] : ['', ...table([by.charAt(0).toUpperCase() + by.slice(1), 'Spent', 'Calls', 'In', 'From cache', 'Out'], rows.map((row) => [
        asText(row['name']) ?? '(none)', usd(amount(row, 'costUsd')) + (amount(row, 'unpriced') > 0 ? ' at most' : ''), count(amount(row, 'calls')), count(amount(row, 'input') + amount(row, 'cacheWrite')), count(amount(row, 'cacheRead')), count(amount(row, 'output')),
      ]), terminal.columns(), terminal.paint.dim)]),
      '',
      ...(caps.length === 0 ? ['There is no daily and no monthly cap.'] : table(['Cap', 'Left', 'Of', 'Starts afresh', 'Change it at'], caps.map((cap) => [
        [asText(cap['period']) === 'day' ? 'daily' : 'monthly', ...(asText(cap['scope']) === 'gateway' ? [] : [asText(cap['scope']) ?? '', asText(cap['id']) ?? ''])].join(' '),
        usd(amount(cap, 'leftUsd')), usd(amount(cap, 'capUsd')), moment(asNumber(cap['resetsAt'])), asText(cap['path']) ?? '',
      ]), terminal.columns(), terminal.paint.dim)),
    ])
    return exitCodes.ok
  },
})

function amount(row: Fields, name: string): number {
  return asNumber(row[name]) ?? 0
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}

function usd(value: number): string {
  return `$${value === 0 || value >= 0.01 ? value.toFixed(2) : value.toPrecision(1)}`
}

function moment(at: number | undefined): string {
  return at === undefined ? '' : new Date(at).toLocaleString('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }).replace(',', '')
}
