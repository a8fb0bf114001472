import type { ChannelHealth } from '@moltbot/contract'
import { unreachable } from '@moltbot/contract'
import Type from 'typebox'
import type { Static } from 'typebox'
import type { ConnectionStatus } from '../../foundation/connections/types.ts'

const Nullable = Type.Union([Type.Integer(), Type.Null()])
const Words = Type.Union([Type.String(), Type.Null()])

const ProbeRow = Type.Object({ ok: Type.Boolean(), elapsedMs: Type.Integer(), text: Type.String(), error: Words })
export type ProbeRow = Static<typeof ProbeRow>

/** One login on a channel. Unknown times are null. */
export const AccountRow = Type.Object({
  accountId: Type.String(),
  enabled: Type.Boolean(),
  configured: Type.Boolean(),
  /** The same as `configured`: our channels have no separate linking. */
  linked: Type.Boolean(),
  /** The channel is at work, connected or not. */
  running: Type.Boolean(),
  /** A round trip with the network succeeded. */
  connected: Type.Boolean(),
  reconnectAttempts: Type.Integer(),
  lastConnectedAt: Nullable,
  lastInboundAt: Nullable,
  lastOutboundAt: Nullable,
  lastProbeAt: Nullable,
  lastError: Words,
  /** `starting`, `connected`, `retrying`, `throttled`, `needs-you`, `closed`, or `off`. */
  state: Type.String(),
  /** The same in words, with what a person could do. */
  detail: Words,
  probe: Type.Optional(ProbeRow),
  /** What it can do while it is open. */
  abilities: Type.Optional(Type.Object({ can: Type.Array(Type.String()), textLengthMax: Type.Integer(), fileBytesMax: Type.Optional(Type.Integer()), buttonsMax: Type.Optional(Type.Integer()) })),
})
export type AccountRow = Static<typeof AccountRow>

export type Probe = { channel: string; account: string; ok: boolean; text: string; elapsedMs: number }

function accountRow(status: ConnectionStatus, probe: Probe | undefined, now: number): AccountRow {
  const { health } = status
  return {
    accountId: status.account,
    enabled: status.enabled,
    configured: status.configured,
    linked: status.configured,
    running: status.enabled && status.configured && health.kind !== 'closed',
    connected: health.kind === 'connected' || health.kind === 'throttled',
    reconnectAttempts: status.reconnectAttempts,
    lastConnectedAt: whole(status.connectedAt),
    lastInboundAt: whole(status.lastInboundAt),
    lastOutboundAt: whole(status.lastOutboundAt),
    lastProbeAt: probe === undefined ? null : Math.round(now),
    lastError: status.lastError,
    state: status.enabled ? health.kind : 'off',
    detail: status.enabled ? healthInWords(health) : null,
    ...(probe === undefined ? {} : { probe: showProbe(probe) }),
  }
}

/** How a connection is, as one sentence; null when there is nothing to add. */
function healthInWords(health: ChannelHealth): string | null {
  switch (health.kind) {
    case 'starting':
    case 'closed':
      return null
    case 'connected':
      return health.detail ?? null
    case 'retrying':
      return health.reason
    case 'throttled':
      return 'The network asked us to slow down.'
    case 'needs-you':
      return `${health.reason} ${health.action}`
    default:
      return unreachable(health)
  }
}

/** One channel and its accounts, in the order of `status`. The account shown for the channel is the unnamed one, else the first. */
export interface ChannelRows { id: string; label: string; accounts: AccountRow[]; defaultAccountId: string; summary: AccountRow }

export function channelRows(statuses: readonly ConnectionStatus[], probes: readonly Probe[], now: number): ChannelRows[] {
  const byChannel = new Map<string, ConnectionStatus[]>()
  for (const status of statuses) byChannel.set(status.channel, [...(byChannel.get(status.channel) ?? []), status])
  return [...byChannel].flatMap(([id, list]) => {
    const accounts = list.map((status) => accountRow(status, probes.find((probe) => probe.channel === id && probe.account === status.account), now))
    const first = accounts.find((account) => account.accountId === 'default') ?? accounts[0]
    if (first === undefined) return []
    return [{ id, label: list[0]?.label ?? id, accounts, defaultAccountId: first.accountId, summary: first }]
  })
}

function showProbe(probe: Probe): ProbeRow {
  return { ok: probe.ok, elapsedMs: Math.round(probe.elapsedMs), text: probe.text, error: probe.ok ? null : probe.text }
}

function whole(time: number | null): number | null {
  return time === null ? null : Math.round(time)
}
