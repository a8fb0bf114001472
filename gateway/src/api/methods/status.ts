import Type from 'typebox'
import { defineMethod } from '../method.ts'
import { channelRows } from '../wire/channel-rows.ts'
import { HaltShape, haltRow } from '../wire/halt-of.ts'
import { noHeartbeat, sessionsPath } from '../wire/health.ts'
import { contextWindows, modelDefaults } from '../wire/model-rows.ts'
import { open } from '../wire/params.ts'
import { splitModel } from '../wire/message.ts'
import { defaultAgentId } from '../wire/session-key.ts'
import { sessionSettings } from '../wire/session-row.ts'
import type { SessionRow } from '../../journey/sessions/types.ts'

const Nullable = Type.Union([Type.Integer(), Type.Null()])
const Words = Type.Union([Type.String(), Type.Null()])
const Recent = Type.Object({
  agentId: Type.String(), key: Type.String(), kind: Type.String(), sessionId: Type.String(), updatedAt: Nullable, age: Nullable,
  thinkingLevel: Type.Optional(Type.String()), inputTokens: Type.Integer(), outputTokens: Type.Integer(), totalTokens: Nullable,
  remainingTokens: Nullable, percentUsed: Nullable, model: Words, contextTokens: Nullable, flags: Type.Array(Type.String()),
})
const recentMax = 10

export const status = defineMethod({
  name: 'status',
  scope: 'operator.read',
  summary: 'Version, uptime, models, channels, queues and the latest sessions.',
  params: open({}),
  result: Type.Object({
    runtimeVersion: Type.String(),
    uptimeMs: Type.Integer(),
    stateDir: Type.String(),
    configPath: Type.String(),
    configIssues: Type.Array(Type.Object({ path: Type.String(), line: Type.Integer(), message: Type.String(), severity: Type.String() })),
    model: Type.Object({ primary: Type.String(), fallbacks: Type.Array(Type.String()), why: Type.String() }),
    inbox: Type.Object({ open: Type.Integer(), stuck: Type.Integer(), total: Type.Integer() }),
    outbox: Type.Object({ waiting: Type.Integer(), ambiguous: Type.Integer(), failed: Type.Integer() }),
    running: Type.Integer(),
    halt: HaltShape,
    heartbeat: Type.Object({
      defaultAgentId: Type.String(),
      agents: Type.Array(Type.Object({ agentId: Type.String(), enabled: Type.Boolean(), every: Type.String(), everyMs: Type.Null() })),
    }),
    channelSummary: Type.Array(Type.String()),
    queuedSystemEvents: Type.Array(Type.String()),
    sessions: Type.Object({
      paths: Type.Array(Type.String()), count: Type.Integer(), defaults: Type.Object({ model: Words, contextTokens: Nullable }), recent: Type.Array(Recent),
      byAgent: Type.Array(Type.Object({ agentId: Type.String(), path: Type.String(), count: Type.Integer(), recent: Type.Array(Recent) })),
    }),
  }),
  async handle(_params, rooms) {
    const [sessions, inbox, outbox, windowOf] = await Promise.all([rooms.sessions.list(), rooms.inbox.counts(), rooms.outbox.counts(), contextWindows(rooms)])
    const now = rooms.clock.now()
    const path = sessionsPath(rooms)
    const current = rooms.models.current()
    const recent = (rows: readonly SessionRow[]) => rows.toSorted((a, b) => b.updatedAt - a.updatedAt).slice(0, recentMax).map((session) => {
      const name = session.settings.model ?? current.primary
      const window = windowOf(name)
      const used = Math.round(session.contextTokens)
      const { thinkingLevel } = sessionSettings(session)
      return {
        agentId: session.agent, key: session.key, kind: session.kind === 'direct' ? 'direct' : 'group', sessionId: session.id,
        updatedAt: Math.round(session.updatedAt), age: Math.max(0, Math.round(now - session.updatedAt)),
        ...(thinkingLevel === undefined ? {} : { thinkingLevel }),
        inputTokens: session.usage.input, outputTokens: session.usage.output, totalTokens: used,
        remainingTokens: window === null ? null : Math.max(0, window - used), percentUsed: window === null || window === 0 ? null : Math.min(999, Math.round((100 * used) / window)),
        model: name === '' ? null : splitModel(name).model, contextTokens: window, flags: [],
      }
    })
    const defaults = modelDefaults(rooms, windowOf)
    const snapshot = rooms.config.snapshot()
    return {
      runtimeVersion: rooms.version,
      uptimeMs: Math.max(0, Math.round(now - rooms.startedAt)),
      stateDir: rooms.stateDir,
      configPath: snapshot.path,
      configIssues: snapshot.issues.map(({ path: key, line, message, severity }) => ({ path: key, line, message, severity })),
      model: { primary: current.primary, fallbacks: [...current.fallbacks], why: current.why },
      inbox,
      outbox,
      running: rooms.sessions.running().length,
      halt: haltRow(rooms),
      heartbeat: {
        defaultAgentId: defaultAgentId(rooms),
        agents: rooms.agents.list().map((agent) => ({ agentId: agent.id, enabled: noHeartbeat.enabled, every: noHeartbeat.every, everyMs: null })),
      },
      channelSummary: channelRows(rooms.connections.status(), [], now).flatMap((channel) => channel.accounts.map((account) => {
        const name = account.accountId === 'default' ? channel.label : `${channel.label} (${account.accountId})`
        return `${name}: ${account.state}${account.detail === null ? '' : ` (${account.detail})`}`
      })),
      queuedSystemEvents: [],
      sessions: {
        paths: [path], count: sessions.length, defaults: { model: defaults.model, contextTokens: defaults.contextTokens }, recent: recent(sessions),
        byAgent: rooms.agents.list().map((agent) => {
          const own = sessions.filter((session) => session.agent === agent.id)
          return { agentId: agent.id, path, count: own.length, recent: recent(own) }
        }),
      },
    }
  },
})
