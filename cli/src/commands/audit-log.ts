import { defineCommand, exitCodes } from '@moltbot/contract'
import { askAudit, auditFlags, queryOf } from '../audit/ask-audit.ts'
import { table } from '../table.ts'

export const auditLog = defineCommand({
  name: 'audit log',
  summary: 'What was done and refused, for whom and why',
  topic: 'look',
  groupDefault: true,
  description: 'Shows the newest entries of the record, oldest first. Works with and without a running gateway.',
  args: {},
  flags: { ...auditFlags, limit: { kind: 'number', short: 'n', value: 'entries', summary: 'At most so many (default 50)', min: 1, max: 1_000 } },
  json: '{lines: [{seq, id, at, act, class, principal, subject, outcome, reason, place, correlation, facts?}], next, through}',
  examples: ['audit log', 'audit log --since 24h --outcome deny', 'audit log --kind pairing --json'],
  async run({ flags }, context) {
    const record = await askAudit(context, flags.offline)
    try {
      const page = await record.log({ ...queryOf(flags, context.clock.now()), limit: flags.limit ?? 50 })
      context.report({ ...page, through: record.through }, () => {
        if (page.lines.length === 0) return 'Nothing of that kind is recorded.'
        const { terminal } = context
        return table(['#', 'when', 'act', 'outcome', 'who', 'what', 'why'], page.lines.map((line) => [
          line.seq > 0 ? String(line.seq) : '·', new Date(line.at).toISOString().slice(0, 19).replace('T', ' '), line.act, line.outcome, line.principal ?? '–', line.subject, line.reason,
        ]), terminal.columns(), terminal.paint.dim)
      })
      return exitCodes.ok
    } finally {
      await record.close()
    }
  },
})
