import type { AccountId, ChannelId, ChatId, ChatRef, SessionKey, ThreadId } from '@moltbot/contract'
import { defaultAccount, describeError, Problem } from '@moltbot/contract'
import Type from 'typebox'
import type { Static } from 'typebox'
import { defineMethod } from '../method.ts'
import type { Caller } from '../caller.ts'
import type { Rooms } from '../rooms.ts'
import { readAttachments, WireAttachment } from '../wire/attachments.ts'
import { runIdOf, wishesOf } from '../wire/chat-send.ts'
import { lastRoute } from '../wire/last-route.ts'
import { splitModel } from '../wire/message.ts'
import { ignored, MaybeWord, open, Word } from '../wire/params.ts'
import { failureOf, runEnd } from '../wire/run-end.ts'
import type { RunEnd } from '../wire/run-end.ts'
import { agentOf, defaultAgentId, mainSessionOf, requireAgent, sessionFor } from '../wire/session-key.ts'
import { submitMessage } from '../wire/submit-message.ts'

const Params = open({
  message: Word,
  idempotencyKey: MaybeWord,
  sessionKey: MaybeWord,
  sessionId: MaybeWord,
  agentId: MaybeWord,
  thinking: Type.Optional(Type.String()),
  /** Seconds. */
  timeout: Type.Optional(Type.Number({ minimum: 0 })),
  deliver: Type.Optional(Type.Boolean()),
  attachments: Type.Optional(Type.Array(WireAttachment)),
  extraSystemPrompt: Type.Optional(Type.String()),
  provider: Type.Optional(Type.String()),
  model: Type.Optional(Type.String()),
  channel: Type.Optional(Type.String()),
  replyChannel: Type.Optional(Type.String()),
  to: Type.Optional(Type.String()),
  replyTo: Type.Optional(Type.String()),
  accountId: Type.Optional(Type.String()),
  replyAccountId: Type.Optional(Type.String()),
  threadId: Type.Optional(Type.Union([Type.String(), Type.Number()])),
  ...ignored('groupId', 'groupChannel', 'groupSpace', 'lane', 'label', 'spawnedBy', 'bestEffortDeliver'),
})

/** Names that mean "where we last spoke" or "only here". */
const placesWithoutChannel = new Set(['last', 'webchat', 'none', ''])

export const agent = defineMethod({
  name: 'agent',
  scope: 'operator.write',
  summary: 'Lets the agent work on a message: answers at once that it was accepted, and a second time when the work is done. Slash text goes to the model.',
  params: Params,
  result: Type.Object({ runId: Type.String(), status: Type.String(), acceptedAt: Type.Integer(), sessionKey: Type.String(), agentId: Type.String() }),
  async handle(params, rooms, caller) {
    const runId = runIdOf(rooms, params.idempotencyKey)
    const key = await sessionOf(params, rooms)
    rooms.runs.spelled(caller, key, params.sessionKey ?? key)
    const session = await rooms.sessions.get(key)
    const target = params.deliver === true ? placeOf(params, rooms, session?.lastChat) : undefined
    if (session?.settings.sendPolicy === 'deny') throw new Problem('send-denied', 'send blocked by session policy')
    const model = params.model === undefined || params.model === '' ? undefined : modelOf(rooms, params.provider, params.model)
    await submitMessage(rooms, caller, {
      runId, key, text: params.message, attachments: readAttachments(params.attachments, rooms.files),
      wishes: { ...(target === undefined ? {} : { alsoTo: target }), ...wishesOf({
        commands: false, ...(model === undefined ? {} : { model }),
        ...(params.thinking === undefined ? {} : { thinking: params.thinking }),
        ...(params.timeout === undefined ? {} : { timeoutMs: params.timeout * 1000 }),
        ...(params.extraSystemPrompt === undefined ? {} : { instructions: params.extraSystemPrompt }),
      }) },
    })
    void finish(rooms, caller, runId, key)
    return { runId, status: 'accepted', acceptedAt: Math.round(rooms.clock.now()), sessionKey: key, agentId: agentOf(key) }
  },
})

/** The second answer, after the last event of the run. */
async function finish(rooms: Rooms, caller: Caller, runId: string, key: SessionKey): Promise<void> {
  try {
    const end = await runEnd(rooms, runId, { principal: caller.principal.id, key }, undefined)
    if (caller.signal.aborted) return
    const failure = end === undefined ? 'the message did not end in an answer' : failureOf(end)
    if (end === undefined || failure !== undefined) {
      const text = failure ?? 'the message did not end in an answer'
      return caller.respondAgain({ runId, status: 'error', summary: text }, { code: 'UNAVAILABLE', message: text })
    }
    caller.respondAgain({ runId, status: 'ok', summary: 'completed', result: await resultOf(rooms, end, key) })
  } catch (error) {
    const text = describeError(error)
    caller.respondAgain({ runId, status: 'error', summary: text }, { code: 'UNAVAILABLE', message: text })
  }
}

async function resultOf(rooms: Rooms, end: RunEnd, key: SessionKey): Promise<Record<string, unknown>> {
  const session = await rooms.sessions.get(key)
  const { provider, model } = splitModel(end.model ?? '')
  const { input, output, cacheRead, cacheWrite } = end.usage ?? { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }
  return {
    payloads: end.text === null || end.text === '' ? [] : [{ text: end.text, mediaUrl: null }],
    meta: {
      durationMs: end.startedAt === null || end.endedAt === null ? 0 : Math.max(0, Math.round(end.endedAt - end.startedAt)),
      agentMeta: { sessionId: session?.id ?? '', provider, model, usage: { input, output, cacheRead, cacheWrite, total: input + output + cacheRead + cacheWrite } },
      // Without a turn and silent: it was stopped before it began.
      aborted: end.outcome === undefined ? end.end === 'silent' && end.turnId === null : end.outcome.kind === 'aborted',
      stopReason: end.outcome?.kind ?? end.end ?? 'unknown',
    },
  }
}

/** Explicit key, else the session of that id, else the agent's main session. */
async function sessionOf(params: Static<typeof Params>, rooms: Rooms): Promise<SessionKey> {
  if (params.agentId !== undefined) requireAgent(rooms, params.agentId.trim().toLowerCase())
  if (params.sessionKey !== undefined) return sessionFor(rooms, params.sessionKey, params.agentId)
  if (params.sessionId !== undefined) {
    const found = (await rooms.sessions.list({ limit: 100_000 })).find((session) => session.id === params.sessionId)
    if (found !== undefined) return found.key
  }
  return mainSessionOf(rooms, params.agentId?.trim().toLowerCase() ?? defaultAgentId(rooms))
}

/** Where a delivered reply goes. Throws when the place is named and no such channel exists. */
function placeOf(params: Static<typeof Params>, rooms: Rooms, lastChat: ChatRef | null | undefined): ChatRef | undefined {
  const channel = (params.replyChannel ?? params.channel ?? 'last').trim().toLowerCase()
  if (placesWithoutChannel.has(channel)) return channel === 'last' ? lastRoute(rooms, lastChat) : undefined
  if (!rooms.channels.some((known) => known.id === channel)) throw new Problem('channel-unsupported', `invalid agent params: unknown channel: ${channel}`)
  const to = params.replyTo ?? params.to
  if (to === undefined || to === '') return lastChat?.channel === channel ? lastRoute(rooms, lastChat) : undefined
  const account = (params.replyAccountId ?? params.accountId ?? defaultAccount) as AccountId
  const known = lastChat?.channel === channel && lastChat.chat === to && lastChat.account === account ? lastChat.kind : 'direct'
  return {
    channel: channel as ChannelId, account, chat: to as ChatId, kind: known,
    ...(params.threadId === undefined ? {} : { thread: String(params.threadId) as ThreadId }),
  }
}

function modelOf(rooms: Rooms, provider: string | undefined, model: string): string {
  const name = provider === undefined || provider === '' ? model : `${provider}/${model}`
  const resolved = rooms.models.resolve(name)
  if (resolved === undefined) throw new Problem('model-unknown', `unknown model: ${name}.`, { next: 'See models.list for the models of this gateway.' })
  return resolved
}
