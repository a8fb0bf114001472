import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { closed, ignored, Word } from '../wire/params.ts'
import { sessionFor } from '../wire/session-key.ts'

export const chatInject = defineMethod({
  name: 'chat.inject',
  scope: 'operator.admin',
  summary: 'Puts words into a transcript as the assistant’s; the model reads them as its own.',
  params: closed({ sessionKey: Word, message: Word, label: Type.Optional(Type.String({ maxLength: 100 })), agentId: Type.Optional(Type.String()), ...ignored('sessionId') }),
  result: Type.Object({ ok: Type.Literal(true), messageId: Type.String() }),
  async handle(params, rooms, caller) {
    const key = sessionFor(rooms, params.sessionKey, params.agentId)
    rooms.runs.spelled(caller, key, params.sessionKey)
    const entry = await rooms.sessions.inject(key, params.message, params.label)
    return { ok: true as const, messageId: entry.id }
  },
})
