import Type from 'typebox'
import type { Static } from 'typebox'
import { SessionRow } from './session-row.ts'
import { WireMessage } from './message.ts'
import { Progress } from './progress.ts'

const Base = { runId: Type.String(), sessionKey: Type.String(), seq: Type.Integer(), agentId: Type.Optional(Type.String()) }
const Tokens = Type.Optional(WireMessage.properties.usage)

/**
 * What is said in a run. `delta`: `message` holds the whole text of the current assistant message so far; on protocol 4
 * `deltaText` is what is new and `replace` says that the text does not continue the last one. Each run ends with exactly one
 * `final`, `aborted` or `error`.
 */
export const ChatEvent = Type.Union([
  Type.Object({ ...Base, state: Type.Literal('delta'), message: WireMessage, deltaText: Type.Optional(Type.String()), replace: Type.Optional(Type.Literal(true)) }),
  Type.Object({ ...Base, state: Type.Literal('final'), message: Type.Optional(WireMessage), usage: Tokens, stopReason: Type.Optional(Type.String()), model: Type.Optional(Type.String()) }),
  Type.Object({ ...Base, state: Type.Literal('aborted'), stopReason: Type.String(), message: Type.Optional(WireMessage) }),
  Type.Object({ ...Base, state: Type.Literal('error'), errorMessage: Type.String(), errorKind: Type.Optional(Type.String()) }),
])
export type ChatEvent = Static<typeof ChatEvent>

/** What the agent does. `stream`: `lifecycle`, `assistant`, `tool`, `compaction`; on protocol 4 also `thinking` and `usage`. `seq` counts from 1 within a run. */
export const AgentEvent = Type.Object({
  runId: Type.String(),
  seq: Type.Integer(),
  stream: Type.String(),
  ts: Type.Integer(),
  data: Type.Record(Type.String(), Type.Unknown()),
  sessionKey: Type.String(),
  agentId: Type.Optional(Type.String()),
  sessionId: Type.Optional(Type.String()),
})
export type AgentEvent = Static<typeof AgentEvent>

/** A new line in a transcript, to those who subscribed to the session's messages. */
export const SessionMessageEvent = Type.Object({
  sessionKey: Type.String(),
  agentId: Type.String(),
  message: WireMessage,
  messageId: Type.String(),
  messageSeq: Type.Integer(),
})
export type SessionMessageEvent = Static<typeof SessionMessageEvent>

/** How far a message of a person has come, to those who subscribed to the session's messages; `idempotencyKey`: as a client of ours named it. */
export const SessionProgressEvent = Type.Object({ sessionKey: Type.String(), agentId: Type.String(), inboxId: Type.String(), idempotencyKey: Type.Optional(Type.String()), progress: Progress })
export type SessionProgressEvent = Static<typeof SessionProgressEvent>

/** Something about a session changed, to those who subscribed to sessions. `session` is absent when it is gone. */
export const SessionsChangedEvent = Type.Object({
  sessionKey: Type.String(),
  agentId: Type.String(),
  /** `create`, `patch`, `reset`, `delete`, `agent.run.started`, `agent.run.ended`. */
  reason: Type.String(),
  phase: Type.Optional(Type.String()),
  runId: Type.Optional(Type.String()),
  ts: Type.Integer(),
  session: Type.Optional(SessionRow),
})
export type SessionsChangedEvent = Static<typeof SessionsChangedEvent>

/** The configuration was reloaded, to protocol 4. */
const ConfigChangedEvent = Type.Object({ path: Type.String(), hash: Type.Optional(Type.String()), ts: Type.Integer(), valid: Type.Boolean() })
export type ConfigChangedEvent = Static<typeof ConfigChangedEvent>
