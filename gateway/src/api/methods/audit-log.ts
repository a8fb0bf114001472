import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import type { Rooms } from '../rooms.ts'
import { defineMethod } from '../method.ts'
import { closed, MaybeTime } from '../wire/params.ts'

const Outcome = Type.Union([Type.Literal('allow'), Type.Literal('ask'), Type.Literal('deny'), Type.Literal('done'), Type.Literal('failed')])

/** What narrows a question to the record down; the same for showing and for export. */
export const auditFilters = {
  since: Type.Optional(Type.Integer({ description: 'Epoch ms, inclusive.' })),
  until: Type.Optional(Type.Integer({ description: 'Epoch ms, inclusive.' })),
  kind: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'A whole act, its noun, or an event class.' })),
  principal: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  outcome: Type.Optional(Outcome),
  after: Type.Optional(Type.Integer({ description: 'Only entries after this place, from the oldest on.' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
}

export const auditLog = defineMethod({
  name: 'audit.log',
  // It names who did what, everywhere.
  scope: 'operator.admin',
  summary: 'Entries of the record, the newest unless `after` says otherwise, oldest first within the page.',
  params: closed({ ...auditFilters, before: Type.Optional(Type.Integer({ description: 'Only entries before this place; the `next` of the page before.' })) }),
  result: Type.Object({
    lines: Type.Array(Type.Object({
      seq: Type.Integer(), id: Type.String(), at: Type.Integer(), act: Type.String(), class: Type.String(), principal: Type.Union([Type.String(), Type.Null()]),
      subject: Type.String(), outcome: Outcome, reason: Type.String(), place: Type.Union([Type.String(), Type.Null()]), correlation: Type.Union([Type.String(), Type.Null()]),
      facts: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    })),
    next: MaybeTime,
  }),
  handle: async (params, rooms) => recordOf(rooms).log(params),
})

/** Throws `audit-missing`. */
export function recordOf(rooms: Rooms): NonNullable<Rooms['record']> {
  if (rooms.record === undefined) throw new Problem('audit-missing', 'This gateway was built without the keeper of the record.', { next: 'Build it again: npm run build' })
  return rooms.record
}
