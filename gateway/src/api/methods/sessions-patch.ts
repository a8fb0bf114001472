import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { sessionsPath } from '../wire/health.ts'
import { splitModel } from '../wire/message.ts'
import { ignored, open, Word } from '../wire/params.ts'
import { sessionChanges } from '../wire/session-changes.ts'
import { sessionFor } from '../wire/session-key.ts'
import { SessionEntry, sessionEntry } from '../wire/session-row.ts'

const Setting = Type.Optional(Type.Union([Type.String(), Type.Null()]))

export const sessionsPatch = defineMethod({
  name: 'sessions.patch',
  scope: 'operator.write',
  summary: 'Changes a session’s label, model, thinking and other settings; null clears one. Creates the session when it does not exist.',
  params: open({
    key: Word, agentId: Type.Optional(Type.String()),
    label: Setting, thinkingLevel: Setting, verboseLevel: Setting, reasoningLevel: Setting, responseUsage: Setting, model: Setting, sendPolicy: Setting,
    groupActivation: Setting, queueMode: Setting,
    ...ignored('elevatedLevel', 'execHost', 'execSecurity', 'execAsk', 'execNode', 'spawnedBy', 'archived', 'pinned', 'unread', 'expectedMarkedUnreadAt'),
  }),
  result: Type.Object({
    ok: Type.Literal(true), path: Type.String(), key: Type.String(), entry: SessionEntry,
    resolved: Type.Object({ modelProvider: Type.String(), model: Type.String() }),
  }),
  async handle(params, rooms) {
    const key = sessionFor(rooms, params.key, params.agentId)
    const changes = sessionChanges(rooms, params)
    // Settings that have no effect here must not create a session by themselves.
    const session = (Object.keys(changes).length === 0 ? await rooms.sessions.get(key) : undefined) ?? (await rooms.sessions.patch(key, changes))
    const { provider, model } = splitModel(session.settings.model ?? rooms.models.current().primary)
    return { ok: true as const, path: sessionsPath(rooms), key, entry: sessionEntry(session), resolved: { modelProvider: provider, model } }
  },
})
