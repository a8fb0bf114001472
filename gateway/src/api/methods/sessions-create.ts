import type { SessionKey } from '@moltbot/contract'
import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { WireAttachment } from '../wire/attachments.ts'
import { chatSend, runIdOf } from '../wire/chat-send.ts'
import { splitModel } from '../wire/message.ts'
import { ignored, open } from '../wire/params.ts'
import { sessionChanges } from '../wire/session-changes.ts'
import { defaultAgentId, requireAgent, sessionFor } from '../wire/session-key.ts'
import { SessionEntry, sessionEntry } from '../wire/session-row.ts'

const Setting = Type.Optional(Type.Union([Type.String(), Type.Null()]))

export const sessionsCreate = defineMethod({
  name: 'sessions.create',
  scope: 'operator.write',
  summary: 'Makes a new session, with a first message when one is given.',
  params: open({
    agentId: Type.Optional(Type.String()), key: Type.Optional(Type.String()), label: Setting, model: Setting, thinkingLevel: Setting,
    message: Type.Optional(Type.String()), attachments: Type.Optional(Type.Array(WireAttachment)), idempotencyKey: Type.Optional(Type.String()),
    ...ignored('parentSessionKey', 'fork'),
  }),
  result: Type.Object({
    ok: Type.Literal(true), key: Type.String(), sessionId: Type.String(), entry: SessionEntry, runStarted: Type.Boolean(), runId: Type.Optional(Type.String()),
    resolved: Type.Object({ modelProvider: Type.String(), model: Type.String() }),
  }),
  async handle(params, rooms, caller) {
    const agent = params.agentId !== undefined && params.agentId !== '' ? params.agentId.toLowerCase() : defaultAgentId(rooms)
    requireAgent(rooms, agent)
    const key: SessionKey = params.key !== undefined && params.key !== ''
      ? sessionFor(rooms, params.key, params.agentId)
      : rooms.sessions.resolveKey(`agent:${agent}:dashboard:${rooms.newId('chat')}`)
    const session = await rooms.sessions.patch(key, sessionChanges(rooms, params))
    const text = params.message ?? ''
    const sent = text.trim() === '' && (params.attachments ?? []).length === 0 ? undefined : await chatSend({
      key, runId: runIdOf(rooms, params.idempotencyKey), text, attachments: params.attachments, deliver: false, wishes: {},
    }, rooms, caller)
    const { provider, model } = splitModel(session.settings.model ?? rooms.models.current().primary)
    return {
      ok: true as const, key, sessionId: session.id, entry: sessionEntry(session),
      runStarted: sent !== undefined && 'runId' in sent, ...(sent !== undefined && 'runId' in sent ? { runId: sent.runId } : {}),
      resolved: { modelProvider: provider, model },
    }
  },
})
