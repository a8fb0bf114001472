import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { ignored, open, Word } from '../wire/params.ts'
import { sessionFor } from '../wire/session-key.ts'

export const sessionsDelete = defineMethod({
  name: 'sessions.delete',
  scope: 'operator.admin',
  summary: 'Stops a session’s work and removes it with its transcript; an agent’s main session can only be reset.',
  params: open({ key: Word, agentId: Type.Optional(Type.String()), ...ignored('deleteTranscript') }),
  result: Type.Object({ ok: Type.Literal(true), key: Type.String(), deleted: Type.Boolean(), archived: Type.Array(Type.String()) }),
  async handle(params, rooms, caller) {
    const key = sessionFor(rooms, params.key, params.agentId)
    try {
      return { ok: true as const, key, deleted: await rooms.sessions.delete(key, caller.principal.id), archived: [] }
    } catch (error) {
      if (error instanceof Problem && error.code === 'session-main') throw new Problem('session-main', `Cannot delete the main session (${key}).`, { cause: error })
      throw error
    }
  },
})
