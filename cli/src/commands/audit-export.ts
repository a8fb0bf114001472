import { defineCommand, exitCodes } from '@moltbot/contract'
import type { AuditFormat } from '@moltbot/contract'
import { askAudit, auditFlags, queryOf } from '../audit/ask-audit.ts'

export const auditExport = defineCommand({
  name: 'audit export',
  summary: 'Print the record as lines of JSON for other programs',
  topic: 'look',
  description: 'One entry per line, oldest first, all of them unless you narrow it down. `ocsf` uses the field names of the Open Cybersecurity Schema Framework 1.3.',
  args: {},
  flags: { ...auditFlags, format: { kind: 'text', value: 'format', summary: 'jsonl (default) or ocsf', choices: ['jsonl', 'ocsf'] } },
  json: 'the same lines',
  examples: ['audit export > audit.jsonl', 'audit export --format ocsf --since 7d'],
  async run({ flags }, context) {
    const record = await askAudit(context, flags.offline)
    try {
      const query = { ...queryOf(flags, context.clock.now()), format: (flags.format ?? 'jsonl') as AuditFormat, limit: 1_000 }
      for (let after: number | undefined; ;) {
        const page = await record.export(after === undefined ? query : { ...query, after })
        if (page.lines.length > 0) context.terminal.out(`${page.lines.join('\n')}\n`)
        if (page.next === null) return exitCodes.ok
        after = page.next
      }
    } finally {
      await record.close()
    }
  },
})
