import { Problem } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { ignored, MaybeWord, open } from '../wire/params.ts'
import { agentOf, sessionFor } from '../wire/session-key.ts'

export const sessionsResolve = defineMethod({
  name: 'sessions.resolve',
  scope: 'operator.read',
  summary: 'Finds a session by exactly one of key, id or label.',
  params: open({
    key: MaybeWord, sessionId: MaybeWord, label: MaybeWord, agentId: Type.Optional(Type.String()), allowMissing: Type.Optional(Type.Boolean()),
    ...ignored('spawnedBy', 'includeGlobal', 'includeUnknown', 'shortId', 'slugHint', 'reference'),
  }),
  result: Type.Object({ ok: Type.Boolean(), key: Type.Optional(Type.String()), agentId: Type.Optional(Type.String()) }),
  async handle(params, rooms) {
    const given = [params.key, params.sessionId, params.label].filter((one) => one !== undefined)
    if (given.length !== 1) throw new Problem('session-lookup', given.length === 0 ? 'Either key, sessionId or label is required' : 'Provide either key, sessionId or label (not more than one)')
    const agent = params.agentId?.toLowerCase()
    const found = params.key === undefined
      ? (await rooms.sessions.list({ limit: 100_000 })).find((session) => (agent === undefined || session.agent === agent)
        && (params.sessionId === undefined ? session.settings.label === params.label : session.id === params.sessionId))
      : await rooms.sessions.get(sessionFor(rooms, params.key, params.agentId))
    if (found !== undefined) return { ok: true, key: found.key, agentId: agentOf(found.key) }
    if (params.allowMissing === true) return { ok: false }
    throw new Problem('session-missing', `No session found: ${given[0] ?? ''}`)
  },
})
