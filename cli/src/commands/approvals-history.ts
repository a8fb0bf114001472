import { defineCommand, exitCodes } from '@moltbot/contract'
import { printableLine } from '../printable.ts'
import { table } from '../table.ts'
import { agoWords } from '../time-words.ts'
import { asFields, asList, asNumber, asText } from '../wire-fields.ts'

export const approvalsHistory = defineCommand({
  name: 'approvals history',
  summary: 'Questions and their answers, the newest first',
  topic: 'people',
  args: {},
  flags: { limit: { kind: 'number', short: 'n', value: 'questions', summary: 'At most so many (default 50)', min: 1, max: 500 } },
  json: '{approvals: [{id, code, state, decidedBy, decidedVia, decidedAtMs, …}]}',
  async run({ flags }, { gateway, report, clock, terminal }) {
    const answer = asFields(await (await gateway()).request('approval.history', { limit: flags.limit ?? 50 }))
    const approvals = asList(answer['approvals'])
    report(answer, () => (approvals.length === 0 ? 'Nothing was ever asked.' : table(['Code', 'When', 'What', 'Answer', 'By'], approvals.map((each) => [
      asText(each['code']) ?? '', agoWords(asNumber(each['createdAtMs']), clock.now()), printableLine(asText(asFields(each['request'])['command']) ?? ''), asText(each['state']) ?? '',
      [asText(each['decidedBy']), asText(each['decidedVia'])].filter((word) => word !== undefined).join(', '),
    ]), terminal.columns(), terminal.paint.dim)))
    return exitCodes.ok
  },
})
