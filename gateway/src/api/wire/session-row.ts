import type { SessionKey } from '@moltbot/contract'
import Type from 'typebox'
import type { Static } from 'typebox'
import type { SessionRow as Session } from '../../journey/sessions/types.ts'
import type { Rooms } from '../rooms.ts'
import { showEntry, splitModel } from './message.ts'
import { contextWindows, levelsOf } from './model-rows.ts'
import { mainSessionOf } from './session-key.ts'

const Maybe = Type.Optional(Type.String())
const Count = Type.Optional(Type.Integer())
const Nullable = Type.Union([Type.Integer(), Type.Null()])
const Route = Type.Object({ channel: Maybe, to: Maybe, accountId: Maybe, threadId: Maybe })

/** One session in a list. The keys protocol 3 knows, and beside them those of protocol 4. */
export const SessionRow = Type.Object({
  key: Type.String(),
  kind: Type.String(),
  label: Maybe,
  displayName: Maybe,
  derivedTitle: Maybe,
  lastMessagePreview: Maybe,
  channel: Maybe,
  subject: Maybe,
  chatType: Type.String(),
  origin: Type.Optional(Type.Object({ label: Maybe, provider: Maybe, surface: Maybe, chatType: Maybe, to: Maybe, accountId: Maybe, threadId: Maybe })),
  updatedAt: Nullable,
  sessionId: Type.String(),
  thinkingLevel: Maybe,
  verboseLevel: Maybe,
  reasoningLevel: Maybe,
  sendPolicy: Maybe,
  groupActivation: Maybe,
  queueMode: Maybe,
  responseUsage: Maybe,
  inputTokens: Count,
  outputTokens: Count,
  /** Estimated tokens of the next prompt. */
  totalTokens: Count,
  /** How many the model takes. */
  contextTokens: Count,
  modelProvider: Maybe,
  model: Maybe,
  /** True when a person chose the model for this session. */
  modelChosen: Type.Boolean(),
  compactionCount: Type.Integer(),
  deliveryContext: Type.Optional(Route),
  lastChannel: Maybe,
  lastTo: Maybe,
  lastAccountId: Maybe,
  agentId: Type.String(),
  classification: Type.String(),
  isMain: Type.Boolean(),
  isBackground: Type.Boolean(),
  archived: Type.Boolean(),
  pinned: Type.Boolean(),
  unread: Type.Boolean(),
  createdAt: Type.Integer(),
  lastInteractionAt: Nullable,
  lastActivityAt: Nullable,
  status: Type.String(),
  startedAt: Type.Optional(Type.Integer()),
  hasActiveRun: Type.Boolean(),
  activeRunIds: Type.Array(Type.String()),
  thinkingLevels: Type.Array(Type.Object({ id: Type.String(), label: Type.String() })),
})
export type SessionRow = Static<typeof SessionRow>

/** Shapes sessions as rows. Ask for one per answer: it looks models and running turns up once. */
export async function sessionRows(rooms: Pick<Rooms, 'sessions' | 'models' | 'runs'>): Promise<(session: Session) => SessionRow> {
  const windowOf = await contextWindows(rooms)
  const primary = rooms.models.current().primary
  const mains = new Map<string, SessionKey>()
  const running = new Map<SessionKey, { ids: string[]; since: number }>()
  for (const turn of rooms.sessions.running()) {
    const known = running.get(turn.key) ?? { ids: [], since: turn.startedAt }
    running.set(turn.key, { ids: [...known.ids, rooms.runs.nameOf(turn.id) ?? turn.id], since: Math.min(known.since, turn.startedAt) })
  }
  return (session) => {
    const main = mains.get(session.agent) ?? mainSessionOf(rooms, session.agent)
    mains.set(session.agent, main)
    const { settings, lastChat } = session
    const chosen = settings.model ?? primary
    const { provider, model } = splitModel(chosen)
    const window = windowOf(chosen)
    const active = running.get(session.key)
    const isMain = session.key === main
    const isBackground = /^agent:[^:]+:(cron|subagent|acp|hook)[:-]/.test(session.key)
    const title = settings.label ?? session.title ?? lastChat?.title
    const route = lastChat === null ? undefined : {
      channel: lastChat.channel as string, to: lastChat.chat as string, accountId: lastChat.account as string,
      ...(lastChat.thread === undefined ? {} : { threadId: lastChat.thread as string }),
    }
    return {
      key: session.key,
      kind: session.kind === 'direct' ? 'direct' : 'group',
      chatType: session.kind,
      ...present('label', settings.label),
      ...present('displayName', title ?? undefined),
      ...present('derivedTitle', session.title ?? undefined),
      ...present('channel', lastChat?.channel),
      ...present('subject', session.kind === 'direct' ? undefined : lastChat?.title),
      ...(route === undefined ? {} : {
        origin: { provider: route.channel, surface: route.channel, chatType: session.kind, to: route.to, accountId: route.accountId, ...present('label', lastChat?.title), ...present('threadId', route.threadId) },
        deliveryContext: route, lastChannel: route.channel, lastTo: route.to, lastAccountId: route.accountId,
      }),
      updatedAt: Math.round(session.updatedAt),
      sessionId: session.id,
      ...sessionSettings(session),
      inputTokens: session.usage.input,
      outputTokens: session.usage.output,
      totalTokens: Math.round(session.contextTokens),
      ...(window === null ? {} : { contextTokens: window }),
      ...(chosen === '' ? {} : { modelProvider: provider, model }),
      modelChosen: settings.model !== undefined,
      compactionCount: session.compactions,
      agentId: session.agent,
      classification: isMain ? 'main' : isBackground ? 'background' : session.key.includes(':dashboard:') ? 'dashboard' : session.kind,
      isMain,
      isBackground,
      archived: false,
      pinned: false,
      unread: false,
      createdAt: Math.round(session.createdAt),
      lastInteractionAt: session.lastUserAt === null ? null : Math.round(session.lastUserAt),
      lastActivityAt: Math.round(session.updatedAt),
      status: active === undefined ? 'done' : 'running',
      ...(active === undefined ? {} : { startedAt: Math.round(active.since) }),
      hasActiveRun: active !== undefined,
      activeRunIds: active?.ids ?? [],
      thinkingLevels: levelsOf(true),
    }
  }
}

/** What a person set, in the wire's words. */
export function sessionSettings(session: Session): Partial<Pick<SessionRow, 'thinkingLevel' | 'verboseLevel' | 'reasoningLevel' | 'sendPolicy' | 'groupActivation' | 'queueMode' | 'responseUsage'>> {
  const { settings } = session
  return {
    ...present('thinkingLevel', settings.thinking), ...present('verboseLevel', settings.verboseLevel), ...present('reasoningLevel', settings.reasoningLevel),
    ...present('sendPolicy', settings.sendPolicy), ...present('groupActivation', settings.groupActivation),
    ...present('queueMode', settings.queue), ...present('responseUsage', settings.usageFooter),
  }
}

/** A stored session as `sessions.patch` and its like answer it. */
export const SessionEntry = Type.Object({
  sessionId: Type.String(),
  updatedAt: Type.Integer(),
  chatType: Type.String(),
  label: Maybe,
  thinkingLevel: Maybe,
  verboseLevel: Maybe,
  reasoningLevel: Maybe,
  sendPolicy: Maybe,
  groupActivation: Maybe,
  queueMode: Maybe,
  responseUsage: Maybe,
  providerOverride: Maybe,
  modelOverride: Maybe,
  inputTokens: Type.Integer(),
  outputTokens: Type.Integer(),
  totalTokens: Type.Integer(),
  compactionCount: Type.Integer(),
})
export type SessionEntry = Static<typeof SessionEntry>

export function sessionEntry(session: Session): SessionEntry {
  const override = session.settings.model === undefined ? undefined : splitModel(session.settings.model)
  return {
    sessionId: session.id, updatedAt: Math.round(session.updatedAt), chatType: session.kind,
    ...present('label', session.settings.label), ...sessionSettings(session),
    ...(override === undefined ? {} : { providerOverride: override.provider, modelOverride: override.model }),
    inputTokens: session.usage.input, outputTokens: session.usage.output, totalTokens: Math.round(session.contextTokens), compactionCount: session.compactions,
  }
}

/** The last words of a session in one line; undefined when nothing was said. */
export async function lastWords(rooms: Pick<Rooms, 'sessions'>, key: SessionKey, charsMax: number): Promise<string | undefined> {
  const entries = await rooms.sessions.history(key, 6)
  for (const entry of entries.toReversed()) {
    const message = showEntry(entry, 4)
    if (message === undefined || (message.role !== 'user' && message.role !== 'assistant')) continue
    const text = message.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join(' ').replace(/\s+/g, ' ').trim()
    if (text !== '') return cutText(text, charsMax)
  }
  return undefined
}

/** Cuts by whole characters, with an ellipsis where something is missing. */
export function cutText(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text
  const cut = text.slice(0, Math.max(1, charsMax - 1))
  return `${/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut}…`
}

function present<Name extends string, Value>(name: Name, value: Value | undefined): { [K in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { [K in Name]?: Value }
}
