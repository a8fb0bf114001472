import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { ignored, open, Word } from '../wire/params.ts'
import { sessionFor } from '../wire/session-key.ts'
import { SessionEntry, sessionEntry } from '../wire/session-row.ts'

export const sessionsReset = defineMethod({
  name: 'sessions.reset',
  scope: 'operator.admin',
  summary: 'Starts a session anew: a new id, an empty transcript, the same settings. The old transcript is kept.',
  params: open({ key: Word, agentId: Type.Optional(Type.String()), ...ignored('reason') }),
  result: Type.Object({ ok: Type.Literal(true), key: Type.String(), entry: SessionEntry }),
  async handle(params, rooms, caller) {
    const key = sessionFor(rooms, params.key, params.agentId)
    const session = await rooms.sessions.reset(key, caller.principal.id)
    return { ok: true as const, key, entry: sessionEntry(session) }
  },
})
