import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { MaybeWord, open } from '../wire/params.ts'
import { Problem } from '@moltbot/contract'
import { sessionFor } from '../wire/session-key.ts'
import { lastWords, SessionRow, sessionRows } from '../wire/session-row.ts'

export const sessionsDescribe = defineMethod({
  name: 'sessions.describe',
  scope: 'operator.read',
  summary: 'One session as a row; null when nobody spoke in it yet.',
  params: open({ key: MaybeWord, sessionKey: MaybeWord, agentId: Type.Optional(Type.String()), includeLastMessage: Type.Optional(Type.Boolean()) }),
  result: Type.Object({ session: Type.Union([SessionRow, Type.Null()]) }),
  async handle(params, rooms) {
    const given = params.key ?? params.sessionKey
    if (given === undefined) throw new Problem('session-lookup', 'key required')
    const session = await rooms.sessions.get(sessionFor(rooms, given, params.agentId))
    if (session === undefined) return { session: null }
    const preview = params.includeLastMessage === true ? await lastWords(rooms, session.key, 120) : undefined
    return { session: { ...(await sessionRows(rooms))(session), ...(preview === undefined ? {} : { lastMessagePreview: preview }) } }
  },
})
