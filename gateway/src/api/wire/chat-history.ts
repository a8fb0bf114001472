import Type from 'typebox'
import type { Static } from 'typebox'
import type { Caller } from '../caller.ts'
import type { Rooms } from '../rooms.ts'
import { readHistory, readWaiting } from './history.ts'
import { WireMessage } from './message.ts'
import { contextWindows, ModelDefaults, modelDefaults } from './model-rows.ts'
import { ignored, open, Word } from './params.ts'
import { sessionFor } from './session-key.ts'
import { SessionRow, sessionRows } from './session-row.ts'

/** What `chat.history` and `chat.startup` take. Protocol 4 sends more; cursors are always answered with "fetch a whole page". */
export const HistoryParams = open({
  sessionKey: Word,
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  agentId: Type.Optional(Type.String()),
  cursor: Type.Optional(Type.String()),
  offset: Type.Optional(Type.Integer({ minimum: 0 })),
  maxBytes: Type.Optional(Type.Integer({ minimum: 1 })),
  ...ignored('messageId', 'sessionId', 'maxChars', 'pendingBefore', 'inputRunIds'),
})

const Page = Type.Object({
  /** As the client wrote it. */
  sessionKey: Type.String(),
  sessionId: Type.Optional(Type.String()),
  messages: Type.Array(WireMessage),
  thinkingLevel: Type.Optional(Type.String()),
  hasMore: Type.Boolean(),
  nextOffset: Type.Optional(Type.Integer()),
  totalMessages: Type.Integer(),
  pendingInputs: Type.Object({ items: Type.Array(Type.Unknown()), total: Type.Integer() }),
  /** With the newest page: what was accepted and stands in no line yet, because its turn has not begun. */
  waiting: Type.Optional(Type.Array(WireMessage)),
  defaults: ModelDefaults,
  /** Absent: nobody spoke in this session yet. `activeLeafEntryId` is the newest entry. */
  sessionInfo: Type.Optional(Type.Intersect([SessionRow, Type.Object({ activeLeafEntryId: Type.Optional(Type.String()) })])),
})
export const HistoryResult = Type.Union([Page, Type.Object({ kind: Type.Literal('reset') })])
export type HistoryResult = Static<typeof HistoryResult>

const limitDefault = 200

/** One page of a session, the newest unless an offset is given. A session that does not exist is empty. */
export async function chatHistory(params: Static<typeof HistoryParams>, rooms: Rooms, caller: Caller): Promise<HistoryResult> {
  const key = sessionFor(rooms, params.sessionKey, params.agentId)
  rooms.runs.spelled(caller, key, params.sessionKey)
  if (params.cursor !== undefined) return { kind: 'reset' }
  const offset = params.offset ?? 0
  const [session, page, waiting, rowOf, windowOf] = await Promise.all([
    rooms.sessions.get(key),
    readHistory(rooms, key, { limit: params.limit ?? limitDefault, offset, protocol: caller.protocol, ...(params.maxBytes === undefined ? {} : { bytesMax: params.maxBytes }) }),
    offset === 0 ? readWaiting(rooms, key) : [],
    sessionRows(rooms),
    contextWindows(rooms),
  ])
  const thinking = session?.settings.thinking ?? defaultThinking(rooms)
  return {
    sessionKey: params.sessionKey,
    ...(session === undefined ? {} : { sessionId: session.id }),
    messages: page.messages,
    ...(thinking === undefined ? {} : { thinkingLevel: thinking }),
    hasMore: page.more,
    ...(page.more ? { nextOffset: offset + page.messages.length } : {}),
    totalMessages: offset + page.messages.length,
    pendingInputs: { items: [], total: 0 },
    ...(waiting.length === 0 ? {} : { waiting }),
    defaults: modelDefaults(rooms, windowOf),
    ...(session === undefined ? {} : { sessionInfo: { ...rowOf(session), ...(page.lastEntryId === undefined ? {} : { activeLeafEntryId: page.lastEntryId }) } }),
  }
}

function defaultThinking(rooms: Pick<Rooms, 'config'>): string | undefined {
  let at: unknown = rooms.config.snapshot().effective
  for (const name of ['agents', 'defaults', 'thinkingDefault']) at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[name] : undefined
  return typeof at === 'string' && at !== '' ? at : undefined
}
