import type { AgentId } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { sessionsPath } from '../wire/health.ts'
import { contextWindows, ModelDefaults, modelDefaults } from '../wire/model-rows.ts'
import { ignored, open } from '../wire/params.ts'
import { lastWords, SessionRow, sessionRows } from '../wire/session-row.ts'

const Flag = Type.Optional(Type.Boolean())
const previewChars = 120
/** Looking up the last words costs one read a row; lists longer than this get none. */
const previewsMax = 500

export const sessionsList = defineMethod({
  name: 'sessions.list',
  scope: 'operator.read',
  summary: 'Sessions, the latest first.',
  params: open({
    limit: Type.Optional(Type.Integer({ minimum: 1 })),
    offset: Type.Optional(Type.Integer({ minimum: 0 })),
    activeMinutes: Type.Optional(Type.Integer({ minimum: 1 })),
    includeDerivedTitles: Flag,
    includeLastMessage: Flag,
    label: Type.Optional(Type.String()),
    spawnedBy: Type.Optional(Type.String()),
    agentId: Type.Optional(Type.String()),
    search: Type.Optional(Type.String()),
    /** Sessions are not archived yet: `true` finds none. */
    archived: Type.Optional(Type.Union([Type.Boolean(), Type.Literal('all')])),
    ...ignored('includeGlobal', 'includeUnknown', 'sortBy', 'configuredAgentsOnly', 'ownerFirst'),
  }),
  result: Type.Object({
    ts: Type.Integer(), path: Type.String(), count: Type.Integer(), defaults: ModelDefaults, sessions: Type.Array(SessionRow),
    totalCount: Type.Integer(), limitApplied: Type.Integer(), nextOffset: Type.Union([Type.Integer(), Type.Null()]), hasMore: Type.Boolean(), owners: Type.Array(Type.Unknown()),
  }),
  async handle(params, rooms) {
    const now = rooms.clock.now()
    const search = params.search?.trim()
    const found = await rooms.sessions.list({
      limit: 100_000,
      ...(params.agentId === undefined || params.agentId === '' ? {} : { agent: params.agentId.toLowerCase() as AgentId }),
      ...(search === undefined || search === '' ? {} : { search }),
      ...(params.activeMinutes === undefined ? {} : { activeSince: now - params.activeMinutes * 60_000 }),
    })
    const wanted = found
      .filter((session) => params.label === undefined || session.settings.label === params.label)
      .filter(() => params.spawnedBy === undefined && params.archived !== true)
      .toSorted((a, b) => b.updatedAt - a.updatedAt)
    const offset = params.offset ?? 0
    const limit = params.limit ?? wanted.length
    const page = wanted.slice(offset, offset + limit)
    const [rowOf, windowOf] = await Promise.all([sessionRows(rooms), contextWindows(rooms)])
    const previews = params.includeLastMessage === true && page.length <= previewsMax
      ? await Promise.all(page.map((session) => lastWords(rooms, session.key, previewChars)))
      : []
    return {
      ts: Math.round(now),
      path: sessionsPath(rooms),
      count: page.length,
      defaults: modelDefaults(rooms, windowOf),
      sessions: page.map((session, at) => ({ ...rowOf(session), ...(previews[at] === undefined ? {} : { lastMessagePreview: previews[at] }) })),
      totalCount: wanted.length,
      limitApplied: limit,
      nextOffset: offset + page.length < wanted.length ? offset + page.length : null,
      hasMore: offset + page.length < wanted.length,
      owners: [],
    }
  },
})
