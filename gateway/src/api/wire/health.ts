import { join } from 'node:path'
import Type from 'typebox'
import type { Static } from 'typebox'
import type { SessionRow as Session } from '../../journey/sessions/types.ts'
import type { Rooms } from '../rooms.ts'
import { AccountRow, channelRows } from './channel-rows.ts'
import { defaultAgentId } from './session-key.ts'

const Recent = Type.Object({ key: Type.String(), updatedAt: Type.Union([Type.Integer(), Type.Null()]), age: Type.Union([Type.Integer(), Type.Null()]) })
const Sessions = Type.Object({ path: Type.String(), count: Type.Integer(), recent: Type.Array(Recent) })

/** How the gateway is. `ok` speaks of the process; how each channel is stands under `channels`. */
export const HealthSummary = Type.Object({
  ok: Type.Literal(true),
  ts: Type.Integer(),
  durationMs: Type.Integer(),
  channels: Type.Record(Type.String(), Type.Object({
    accountId: Type.String(), configured: Type.Boolean(), linked: Type.Boolean(), connected: Type.Boolean(), state: Type.String(),
    probe: AccountRow.properties.probe, lastProbeAt: AccountRow.properties.lastProbeAt, accounts: Type.Record(Type.String(), AccountRow),
  })),
  channelOrder: Type.Array(Type.String()),
  channelLabels: Type.Record(Type.String(), Type.String()),
  heartbeatSeconds: Type.Integer(),
  defaultAgentId: Type.String(),
  agents: Type.Array(Type.Object({
    agentId: Type.String(), name: Type.Optional(Type.String()), isDefault: Type.Boolean(),
    heartbeat: Type.Object({ enabled: Type.Boolean(), every: Type.String(), everyMs: Type.Null(), prompt: Type.String(), target: Type.String() }),
    sessions: Sessions,
  })),
  sessions: Sessions,
  /** Messages accepted and not yet ended, and those of them without progress for 60 s. */
  inbox: Type.Object({ open: Type.Integer(), stuck: Type.Integer(), total: Type.Integer() }),
  outbox: Type.Object({ waiting: Type.Integer(), ambiguous: Type.Integer(), failed: Type.Integer() }),
  /** False while the configuration file has errors; the gateway runs on its last good values. */
  configOk: Type.Boolean(),
  /** How many findings the last review of the posture made. Null: none was made yet. */
  security: Type.Union([Type.Object({ takenAt: Type.Integer(), critical: Type.Integer(), warn: Type.Integer(), info: Type.Integer() }), Type.Null()]),
  /** False while entries of the record cannot be written or are not as they were written; `reason` says which. */
  record: Type.Object({ ok: Type.Boolean(), reason: Type.Union([Type.String(), Type.Null()]) }),
})
export type HealthSummary = Static<typeof HealthSummary>

/** Heartbeats are not part of this gateway yet; the wire wants the fields. */
export const noHeartbeat = { enabled: false, every: 'off', everyMs: null, prompt: '', target: 'none' } as const
const recentMax = 5
const probeTimeoutMs = 8_000

/** The health summary: for `health`, hello's snapshot and the `health` event. With `probe` each channel makes a round trip, at most 8 s. */
export async function healthSummary(rooms: Rooms, options: { probe?: boolean; timeoutMs?: number } = {}): Promise<HealthSummary> {
  const startedAt = rooms.clock.now()
  const [sessions, inbox, outbox, probes] = await Promise.all([
    rooms.sessions.list(), rooms.inbox.counts(), rooms.outbox.counts(),
    options.probe === true ? rooms.connections.probe(options.timeoutMs ?? probeTimeoutMs) : [],
  ])
  const now = rooms.clock.now()
  const channels = channelRows(rooms.connections.status(), probes, now)
  return {
    ok: true,
    ts: Math.round(now),
    durationMs: Math.max(0, Math.round(now - startedAt)),
    channels: Object.fromEntries(channels.map(({ id, summary, accounts }) => [id, {
      accountId: summary.accountId, configured: summary.configured, linked: summary.linked, connected: summary.connected, state: summary.state,
      lastProbeAt: summary.lastProbeAt, ...(summary.probe === undefined ? {} : { probe: summary.probe }),
      accounts: Object.fromEntries(accounts.map((account) => [account.accountId, account])),
    }])),
    channelOrder: channels.map((channel) => channel.id),
    channelLabels: Object.fromEntries(channels.map((channel) => [channel.id, channel.label])),
    heartbeatSeconds: 0,
    defaultAgentId: defaultAgentId(rooms),
    agents: rooms.agents.list().map((agent) => ({
      agentId: agent.id, name: agent.name, isDefault: agent.isDefault, heartbeat: { ...noHeartbeat },
      sessions: recentSessions(rooms, sessions.filter((session) => session.agent === agent.id), now),
    })),
    sessions: recentSessions(rooms, sessions, now),
    inbox,
    outbox,
    configOk: rooms.config.snapshot().issues.every((issue) => issue.severity !== 'error'),
    security: rooms.reviews?.summary() ?? null,
    record: rooms.record?.health() ?? { ok: true, reason: null },
  }
}

/** Where sessions are kept; shown, never opened by clients. */
export function sessionsPath(rooms: Pick<Rooms, 'stateDir'>): string {
  return join(rooms.stateDir, 'sessions')
}

function recentSessions(rooms: Pick<Rooms, 'stateDir'>, sessions: readonly Session[], now: number): Static<typeof Sessions> {
  const newest = sessions.toSorted((a, b) => b.updatedAt - a.updatedAt).slice(0, recentMax)
  return {
    path: sessionsPath(rooms), count: sessions.length,
    recent: newest.map((session) => ({ key: session.key, updatedAt: Math.round(session.updatedAt), age: Math.max(0, Math.round(now - session.updatedAt)) })),
  }
}
