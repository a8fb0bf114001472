import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { ignored, open, Word } from '../wire/params.ts'
import { sessionFor } from '../wire/session-key.ts'

export const sessionsCompact = defineMethod({
  name: 'sessions.compact',
  scope: 'operator.admin',
  summary: 'Replaces the older part of a session’s prompt by a summary; the transcript itself is kept.',
  params: open({ key: Word, agentId: Type.Optional(Type.String()), focus: Type.Optional(Type.String()), ...ignored('maxLines') }),
  result: Type.Object({ ok: Type.Literal(true), key: Type.String(), compacted: Type.Boolean(), reason: Type.Optional(Type.String()) }),
  async handle(params, rooms) {
    const key = sessionFor(rooms, params.key, params.agentId)
    const { compacted, reason } = await rooms.sessions.compact(key, params.focus)
    return { ok: true as const, key, compacted, ...(reason === undefined ? {} : { reason }) }
  },
})
