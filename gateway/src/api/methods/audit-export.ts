import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed, MaybeTime } from '../wire/params.ts'
import { auditFilters, recordOf } from './audit-log.ts'

export const auditExport = defineMethod({
  name: 'audit.export',
  scope: 'operator.admin',
  summary: 'Entries of the record as lines of JSON for other programs, from the oldest on, page by page.',
  params: closed({ ...auditFilters, format: Type.Optional(Type.Union([Type.Literal('jsonl'), Type.Literal('ocsf')], { description: 'Our own field names, or those of OCSF 1.3. `jsonl` when absent.' })) }),
  result: Type.Object({ lines: Type.Array(Type.String()), next: MaybeTime }),
  handle: async ({ format, ...query }, rooms) => recordOf(rooms).export({ ...query, format: format ?? 'jsonl' }),
})
